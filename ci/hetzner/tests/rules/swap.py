"""Puts a mutant in the place of the loaded code: in its functions, or by loading all anew."""

from __future__ import annotations

import gc
import importlib.abc
import importlib.util
import sys
import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader

from tests.rules.mutate import HERE, Mutant, code_of, module_name

Place = tuple[str, str, int]  # file, qualified name, first line
Functions = Mapping[Place, Sequence[types.FunctionType]]


def functions(paths: Collection[str]) -> Functions:
    """Return the loaded functions of files of the project."""
    files = {str(HERE / path) for path in paths}
    found: dict[Place, list[types.FunctionType]] = {}
    for each in gc.get_objects():
        if isinstance(each, types.FunctionType) and each.__code__.co_filename in files:
            found.setdefault(_place(each.__code__), []).append(each)
    return found


def put_in_place(mutant: Mutant, loaded: Functions) -> None:
    """Let this process run a mutant from now on."""
    code = code_of(mutant)
    if not mutant.in_function or not _exchange(code, loaded):
        _load_anew(mutant, code)


def _exchange(code: types.CodeType, loaded: Functions) -> bool:
    """Give the loaded functions their code of the mutant; False if they cannot take it."""
    try:
        for inner in _codes(code):
            for function in loaded.get(_place(inner), ()):
                function.__code__ = inner
    except ValueError:  # it takes other variables from its surroundings
        return False
    return True


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


def _place(code: types.CodeType) -> Place:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _load_anew(mutant: Mutant, code: types.CodeType) -> None:
    """Forget the modules of the project: those that are imported next see the mutant."""
    for name, module in list(sys.modules.items()):
        if name != "__main__" and (getattr(module, "__file__", None) or "").startswith(str(HERE)):
            del sys.modules[name]
    sys.meta_path.insert(0, _Finder(module_name(mutant.path), str(HERE / mutant.path), code))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the mutant by the name of its module."""

    def __init__(self, name: str, path: str, code: types.CodeType) -> None:
        self._name = name
        self._path = path
        self._code = code

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Return the mutant if its module is asked for."""
        if name != self._name:
            return None
        loader = _Loader(name, self._path, self._code)
        return importlib.util.spec_from_file_location(name, self._path, loader=loader)


class _Loader(SourceFileLoader):
    """Loads the mutant in place of the file."""

    def __init__(self, name: str, path: str, code: types.CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, _: str) -> types.CodeType:
        """Return the code of the mutant; none is cached."""
        return self._code
