"""Makes mutants of a module from its syntax tree: each has one small change of behaviour.

Conditions are negated, operands and statements dropped, comparisons, enum members, numbers and
some functions swapped for their neighbours. Texts, docstrings and annotations stay as they are.
"""

from __future__ import annotations

import ast
import copy
import enum
import importlib
import types
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parents[2]


class Enums(NamedTuple):
    """What a module knows of enums, by its own names."""

    members: Mapping[str, Collection[str]]  # by enum
    neighbours: Mapping[str, str]  # by the name of a member: that of another one


COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
NEGATED = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)  # by COMPARED already
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add}
CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
UNTOUCHED = ("__repr__", "__str__")


class Mutant(NamedTuple):
    """A change of a module that is not made yet; `name` tells the place and the change."""

    path: str  # from the directory of dsl.py
    name: str
    tree: ast.Module  # that of the whole file
    make: Callable[[], None]  # changes the tree
    in_function: bool  # and not in a table or a default


class Change(NamedTuple):
    """A change of a syntax tree, not made yet."""

    function: str
    label: str
    make: Callable[[], None]
    in_function: bool


def mutants(path: str) -> Iterator[Mutant]:
    """Yield the mutants of a file, each with a name of its own; they share one tree."""
    seen: Counter[str] = Counter()
    tree = ast.parse(source(path))
    for change in changes(tree, enums(path)):
        name = f"{path.removeprefix('lib/')} {change.function}: {change.label}"
        seen[name] += 1
        number = f" ({seen[name]})" if seen[name] > 1 else ""
        yield Mutant(path, name + number, tree, change.make, change.in_function)


def code_of(mutant: Mutant) -> types.CodeType:
    """Return the code of a mutant. The tree, which it shares with others, is changed for good."""
    mutant.make()
    return compile(ast.fix_missing_locations(mutant.tree), str(HERE / mutant.path), "exec")


def source(path: str) -> str:
    """Return the text of a file of the project."""
    return (HERE / path).read_text()


def module_name(path: str) -> str:
    """Return the dotted name of a file of the project."""
    return path.removesuffix(".py").replace("/", ".")


def enums(path: str) -> Enums:
    """Return the enums, and the names of members, that a module knows."""
    known = vars(importlib.import_module(module_name(path)))
    members = {
        name: list(value.__members__)
        for name, value in known.items()
        if isinstance(value, enum.EnumType)
    }
    named: dict[type, list[str]] = {}
    for name, value in known.items():
        if isinstance(value, enum.Enum):
            named.setdefault(type(value), []).append(name)
    pairs = (zip(names, [*names[1:], names[0]], strict=True) for names in named.values())
    return Enums(members, {name: other for each in pairs for name, other in each if name != other})


def changes(tree: ast.Module, known: Enums) -> list[Change]:
    """Return the changes that can be made to a tree, in the order of its nodes."""
    finder = Finder(known)
    finder.visit(tree)
    return finder.found


class Finder(ast.NodeVisitor):
    """Finds the possible changes."""

    def __init__(self, known: Enums) -> None:
        self.found: list[Change] = []
        self._enums = known
        self._within: list[str] = []
        self._depth = 0  # of functions
        self._line = ""  # the first one of the statement that is visited

    # ---- where we are

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            self._line = _first_line(node)
        super().visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._enter(node.name, node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name not in UNTOUCHED:
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default:
                    self.visit(default)
            self._depth += 1
            self._enter(node.name, node.body)
            self._depth -= 1

    def _enter(self, name: str, body: list[ast.stmt]) -> None:
        self._within.append(name)
        for statement in body:
            self.visit(statement)
        # without a `return None` at its end a function does the same
        self._drop_from(body, spare=_is_return_none(body[-1]))
        self._within.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Texts are not mutated."""

    def visit_Raise(self, node: ast.Raise) -> None:
        """Nor is what is raised: only that something is, by the conditions before it."""

    # ---- changes

    def _add(self, old: ast.AST, new: str, make: Callable[[], None]) -> None:
        function = ".".join(self._within) or "(module)"
        before = _first_line(old)
        self.found.append(Change(function, f"{before} -> {new}", make, self._depth > 0))

    def _add_word(self, old: ast.expr, new: str, make: Callable[[], None]) -> None:
        """Add a change that says too little by itself."""
        self._add(old, f"{new} in: {self._line}", make)

    def _replace(self, parent: ast.AST, field: str, new: ast.expr) -> None:
        old = getattr(parent, field)
        self._add(old, ast.unparse(new), _set(parent, field, new))

    def _condition(self, parent: ast.AST, field: str) -> None:
        test = getattr(parent, field)
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return  # `visit_UnaryOp` takes the `not` away
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], NEGATED):
            return
        self._replace(parent, field, ast.UnaryOp(ast.Not(), test))

    def visit_If(self, node: ast.If) -> None:
        self._condition(node, "test")
        self._statements(node)

    def visit_While(self, node: ast.While) -> None:
        self._condition(node, "test")
        self._statements(node)

    def visit_For(self, node: ast.For) -> None:
        self._statements(node)

    def visit_With(self, node: ast.With) -> None:
        self._statements(node)

    def visit_Try(self, node: ast.Try) -> None:
        self._statements(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        if node.guard:
            self._condition(node, "guard")
        self._statements(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node, "test")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for place, test in enumerate(node.ifs):
            self._add(test, "True", _put(node.ifs, place, ast.Constant(True)))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            # `not not x` is what `x` is as a condition
            operand = ast.UnaryOp(ast.Not(), node.operand)
            self._add(node, ast.unparse(node.operand), _set(node, "operand", operand))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for place in range(len(node.values)):
            rest = [value for other, value in enumerate(node.values) if other != place]
            left = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            neutral = ast.Constant(isinstance(node.op, ast.And))
            self._add(node, ast.unparse(left), _set(node, "values", [neutral, *rest]))
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        swapped = COMPARED[type(node.ops[0])]()
        new = ast.Compare(node.left, [swapped, *node.ops[1:]], node.comparators)
        self._add(node, ast.unparse(new), _put(node.ops, 0, swapped))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._swap_operator(node)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._swap_operator(node)
        self.generic_visit(node)

    def _swap_operator(self, node: ast.BinOp | ast.AugAssign) -> None:
        if swapped := ARITHMETIC.get(type(node.op)):
            new = copy.copy(node)
            new.op = swapped()
            self._add(node, ast.unparse(new), _set(node, "op", new.op))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in CALLED:
            new = CALLED[node.func.id]
            name = node.func
            self._add_word(name, new, _set(name, "id", new))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        members = list(self._enums.members.get(ast.unparse(node.value), ()))
        if isinstance(node.value, ast.Name) and node.attr in members:
            new = members[(members.index(node.attr) + 1) % len(members)]
            self._add_word(node, f"{node.value.id}.{new}", _set(node, "attr", new))
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and (new := self._enums.neighbours.get(node.id)):
            self._add_word(node, new, _set(node, "id", new))

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            new: object = not node.value
        elif isinstance(node.value, int | float):
            new = node.value + 1
        else:
            return
        self._add_word(node, repr(new), _set(node, "value", new))

    # ---- statements

    def _statements(self, node: ast.AST) -> None:
        self.generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            self._drop_from(getattr(node, field, []))

    def _drop_from(self, body: list[ast.stmt], *, spare: bool = False) -> None:
        """Drop each statement in turn; with `spare` not the last one."""
        for place, statement in enumerate(body):
            if self._can_be_dropped(statement) and place < len(body) - spare:
                self._add(statement, "pass", _put(body, place, ast.Pass()))

    def _can_be_dropped(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
                return True
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
                # without it there is no such attribute, and every test fails
                return self._within[-1:] != ["__init__"]
            case ast.AugAssign() | ast.Delete() | ast.Continue() | ast.Break():
                return True
            case ast.Return():
                return True
        return False


def _is_return_none(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and (
        statement.value is None or ast.unparse(statement.value) == "None"
    )


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).split("\n", 1)[0]


def _set(node: ast.AST, field: str, new: object) -> Callable[[], None]:
    """Return what sets a field of a node."""
    return lambda: setattr(node, field, new)


def _put(items: list[Any], place: int, new: ast.AST) -> Callable[[], None]:
    """Return what puts `new` into a list."""
    return lambda: items.__setitem__(place, new)
