"""The table of mutants: (file, the text, what takes its place, why nothing can notice)."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One text of a file, and what takes its place; `same` explains why nothing notices."""

    file: str
    old: str
    new: str
    same: str = ""


# fmt: off
SCHEDULER = [
    # what starts
    ("        if not track.node.job.delay:\n            self._enqueue(track)\n            return\n", "        if True:\n            self._enqueue(track)\n            return\n"),
    ("track.state is State.DELAYED and self._now() >= track.began + track.node.job.delay", "track.state is State.DELAYED"),
    # time
    ("        if not self._cut_off and self._left:\n            self._timed_out = True", "        if self._left:\n            self._timed_out = True"),
    ("            self._timed_out = True\n", ""),
    # services
    ("        self._follow(self._plan.ready(track.key))\n", ""),
    ("        self._release(track)\n        self._open_next_stage()\n", "        self._open_next_stage()\n"),
    ("        self._release(track)\n        self._open_next_stage()\n", "        self._release(track)\n"),
    ("if track.state is State.SERVING and not self._plan.needed(track.key):", "if track.state is State.SERVING:"),
    # the end of an attempt
    ("again = outcome in (Outcome.FAILED, Outcome.TIMED_OUT) and", "again = outcome is Outcome.FAILED and"),
    ("again = outcome in (Outcome.FAILED, Outcome.TIMED_OUT) and", "again = outcome not in GOOD and", 'the only other outcome is cancelled, and what is cancelled may not be tried again anyway'),
    ("        if not change.doomed:\n            self._follow(self._plan.retract(track.key))\n", ""),
    ("if change.freed == [track.key]:", "if True:"),
    ("        self._follow(change)\n        self._open_next_stage()\n\n    def _release", "        self._follow(change)\n\n    def _release"),
    ("return self._cut_off or (None if track.node.job.regardless else self._ending)", "return self._cut_off or self._ending"),
    ("return self._cut_off or (None if track.node.job.regardless else self._ending)", "return self._cut_off"),
    ("return self._cut_off or (None if track.node.job.regardless else self._ending)", "return None if track.node.job.regardless else self._ending"),
    ("if track.ready or track.survivors or self.barred(track):", "if track.survivors or self.barred(track):"),
    ("if track.ready or track.survivors or self.barred(track):", "if track.ready or self.barred(track):"),
    ("if track.ready or track.survivors or self.barred(track):", "if track.ready or track.survivors:"),
    ("if again and (users := self._plan.took(track.key)):", "if (users := []):"),
    ("return track.tries <= track.node.job.retries", "return track.tries < track.node.job.retries"),
    ("return track.tries <= track.node.job.retries", "return track.tries <= track.node.job.retries + 1"),
    ("if outcome in GOOD:\n            standing", "if outcome is Outcome.PASSED:\n            standing"),
    ("Standing.ALLOWED if job.allow_failure else Standing.BAD", "Standing.BAD"),
    ("track.wrote | track.came)", "track.wrote)"),
    ("if failed and job.fast_fail and self._orders.fast_fail and not job.allow_failure:", "if failed and self._orders.fast_fail and not job.allow_failure:"),
    ("if failed and job.fast_fail and self._orders.fast_fail and not job.allow_failure:", "if failed and job.fast_fail and not job.allow_failure:"),
    ("if failed and job.fast_fail and self._orders.fast_fail and not job.allow_failure:", "if failed and job.fast_fail and self._orders.fast_fail:"),
    ("            self._end_early(f\"{job.name} {outcome}\")\n        self._open_next_stage()\n", "            self._end_early(f\"{job.name} {outcome}\")\n"),
    # ends that come from outside
    ("        self._signal = number\n", ""),
    ("t.state in (State.RUNNING, State.SERVING)]", "t.state is State.RUNNING]"),
    ("            if track.state in IDLE:\n                self._cancel(track, self._cut_off)\n", "            if track.state is State.WAITING:\n                self._cancel(track, self._cut_off)\n"),
    ("        if self._cut_off or self._ending:\n            return\n", "        if self._ending:\n            return\n"),
    ("        if self._cut_off or self._ending:\n            return\n", "        if self._cut_off:\n            return\n"),
    ("if track.state is State.RUNNING and self.barred(track):", "if track.state is State.RUNNING:"),
    ("if track.state is State.RUNNING and self.barred(track):", "if track.state in (State.RUNNING, State.SERVING) and self.barred(track):"),
    ("if track.state in IDLE and (again or self.barred(track)):", "if track.state in IDLE and self.barred(track):"),
    ("        self._end(track, Outcome.CANCELLED, why)\n        self._follow(change)\n", "        self._end(track, Outcome.CANCELLED, why)\n"),
    # stages and refusals
    ("wary = title and self._orders.fast_fail and self._stage >= 0", "wary = title and self._stage >= 0"),
    ("wary = title and self._orders.fast_fail and self._stage >= 0", "wary = False"),
    ("wary = title and self._orders.fast_fail and self._stage >= 0", "wary = self._orders.fast_fail and self._stage >= 0"),
    ("if title == ALL_TESTCASES and self._record.unmatched:", "if False:"),
    ("if title == ALL_TESTCASES and self._record.unmatched:", "if self._record.unmatched:"),
    ("while self._left and self._stage < last and self._plan.settled(self._census.serving):", "if self._left and self._stage < last and self._plan.settled(self._census.serving):"),
    ("while self._left and self._stage < last and self._plan.settled(self._census.serving):", "while self._left and self._stage < last:"),
    ("            elif track.node.repeated:\n                self._drop(track)\n", ""),
    ("self._end(track, Outcome.FAILED, refused[track.name])", "self._end(track, Outcome.SKIPPED, refused[track.name])"),
    ("return also_failed(code) if self._orders.refused else code", "return code"),
    # what was queued, taken and written down
    ("        for key in change.held:\n            self._starts.discard(self._tracks[key])\n", "        for key in change.held:\n"),
    ("            self._starts.discard(track)\n            self._end(track, Outcome.SKIPPED, Why(reason, Cause.DEPENDENCY))", "            self._end(track, Outcome.SKIPPED, Why(reason, Cause.DEPENDENCY))"),
    ("busy = self._census.running or self._census.delayed", "busy = self._census.running"),
    ("busy = self._census.running or self._census.delayed", "busy = self._census.delayed"),
    ("                self._starts.settle()\n", "", "the rules do not know what a job says that it waited for: tests/unit/scheduler/test_waiting.py"),
    ("        self._starts.serves(track)\n", ""),
    ("        self._starts.give_back(track)\n", ""),
    ("        if outcome is not Outcome.RESTORED:\n", "        if True:\n"),
    ("            track.forget_outputs()\n", ""),
    ("        self._record.ended(track, outcome, why)\n        for key in dict.fromkeys(edge.key for edge in track.node.edges):\n            self._release(self._tracks[key])\n", "        self._record.ended(track, outcome, why)\n"),
    ("            self._drop(track)\n            return\n        self._starts.discard(track)\n", "            self._drop(track)\n            return\n"),
    ("        if track.node.repeated and track.node.stage > self._stage:\n            self._drop(track)\n            return\n        self._starts", "        self._starts"),
    ("min(self._timers.due(), self._starts.look_again)", "self._timers.due()"),
]
ATTEMPTS = [
    # what starts
    ("            if step is Step.STORE:\n                self._pass(track)\n", "            if False:\n                self._pass(track)\n"),
    ("if barred := self._course.barred(track):", "if barred := \"\":"),
    ("Step.RESTORE if track.node.cached else Step.BODY", "Step.BODY"),
    ("self._plan.watched(track.key) | (set(job.outputs) if job.service else set())", "self._plan.watched(track.key)"),
    # time
    ("track.state is not State.RUNNING or track.tries != tries or track.step is not step", "track.state is not State.RUNNING or track.step is not step"),
    ("track.state is not State.RUNNING or track.tries != tries or track.step is not step", "track.state is not State.RUNNING or track.tries != tries"),
    ("hung = why.cause is Cause.RUN_TIMEOUT", "hung = False"),
    ("hung = why.cause is Cause.RUN_TIMEOUT", "hung = True"),
    ("Outcome.TIMED_OUT, why), hung=True)", "Outcome.TIMED_OUT, why))"),
    ("            self._stop(track, lambda: self._pass(track), hung=True)\n            return\n        seconds", "            self._stop(track, lambda: self._conclude(track, Outcome.TIMED_OUT, Why('late', Cause.TIMEOUT)))\n            return\n        seconds"),
    # what is reported
    ("if track.state is not State.RUNNING or output in track.wrote:", "if output in track.wrote:"),
    ("        if track.node.job.service and track.complete:\n            self._serve(track)\n", "        if track.node.job.service:\n            self._serve(track)\n"),
    ("        if track.state is State.RUNNING:\n            track.heard =", "        if True:\n            track.heard ="),
    ("            track.heard = frozenset(report.ports)\n", "            track.heard |= frozenset(report.ports)\n"),
    ("        if track.state is State.RUNNING:\n            self._stop(track,", "        if True:\n            self._stop(track,"),
    ("        elif not report.left and (track.node.job.listens or self._has_served(track)):\n            self._service_gone(track)\n", ""),
    ("(track.node.job.listens or self._has_served(track))", "track.node.job.listens"),
    ("(track.node.job.listens or self._has_served(track))", "self._has_served(track)"),
    ("self._clock.now() - track.ready_at >= AT_ONCE", "True"),
    ("            track.came = set(track.node.job.outputs) - set(report.missing)\n", "            track.came = set(track.node.job.outputs)\n"),
    ("            if track.released and report.by_itself:\n                self._ended_before_its_stop(track, report)\n", ""),
    ("            if track.released and report.by_itself:\n                self._fail_after_release(track, GONE)\n", ""),
    ("            if not report.left:\n                self.gone(track, Gone(track.key))\n", "            self.gone(track, Gone(track.key))\n"),
    ("        if report.code == 0 and not report.missing:\n", "        if report.code == 0 or not report.missing:\n"),
    ("            self._conclude(track, Outcome.RESTORED, PLAINLY)\n", "            self._conclude(track, Outcome.PASSED, PLAINLY)\n"),
    ("        elif track.stores:\n            self._launch", "        elif False:\n            self._launch"),
    ("elif track.stores and track.code:", "elif False:"),
    ("track.stores = report.code in (0, MISS)", "track.stores = True"),
    ("        if track.step is Step.BODY:\n            track.code = report.code\n", "        track.code = report.code\n        if track.step is Step.BODY:\n"),
    ("            self._record.cache(track, CacheState.OFF)\n", "            pass\n"),
    ("            self._record.cache(track, CacheState.STORED)\n", ""),
    ("            self._record.cache(track, CacheState.MISS)\n", "", "the caches of random runs hold all outputs: tests/runs/quick/test_pipeline.py"),
    ("        if track.lost:\n", "        if False:\n"),
    ("        if track.step is Step.BODY:\n            track.lost", "        if True:\n            track.lost"),
    ("            if step is Step.STORE:\n                self._not_stored(track, f\"not stored in its cache: {error}\")\n            else:\n", "            if True:\n"),
    ("            track.leaked += report.left\n", ""),
    ("        track.survivors += report.survivors\n", "        track.survivors = report.survivors\n"),
    ("        if report.left:\n            track.leaked", "        if False:\n            track.leaked"),
    ("None if track.state is State.STOPPING else report.code", "report.code"),
    ("track.ran_tests = report.code not in NO_TEST_RAN", "track.ran_tests = True"),
    ("track.ran_tests = report.code not in NO_TEST_RAN", "track.ran_tests = report.code != 5"),
    # services
    ("        missing = () if report.left else report.missing\n", "        missing = report.missing\n"),
    ("            if report.left:  # no leak: they serve\n                self._stop(track, failed)\n            else:\n                failed()\n", "            failed()\n"),
    ("            for output in sorted(track.came):\n                self.wrote(track, output)\n", ""),
    ("            if not track.node.job.outputs and not track.node.job.listens:\n                self._serve(track)\n", "            if track.state is State.RUNNING:\n                self._serve(track)\n"),
    ("            if not track.node.job.outputs and not track.node.job.listens:\n", "            if not track.node.job.outputs:\n"),
    ("track.ready, track.ready_at = True, self._clock.now()", "track.ready_at = self._clock.now()"),
    # the end of an attempt
    ("        if track.survivors:\n            outcome = Outcome.FAILED\n", "        if track.survivors:\n"),
    ("Outcome.PASSED if track.tries == 1 else Outcome.FLAKY", "Outcome.PASSED"),
    # ends that come from outside
    ("        if track.state is State.STOPPING:\n            self._executor.kill(track.key)\n", "        pass\n"),
    ("        if track.step is Step.STORE:  # the body has passed\n            self._stop(track, lambda: self._pass(track), hung=hung)\n        else:\n            self._stop", "        if True:\n            self._stop"),
    # what was queued, taken and written down
    ("due = self._clock.now() + job.timeout", "due = self._clock.now() + 2 * job.timeout"),
]
TRACK = [
    # services
    ("        if track.state is State.SERVING:\n            self.serving.discard(track.key)\n", ""),
    (" and self.heard.issuperset(job.listens)", ""),
    ("        self.heard = frozenset()\n", ""),
    ("        self.wrote.clear()\n", ""),
    ("        self.came.clear()\n", ""),
    ("self.code, self.lost, self.leaked, self.survivors, self.then = None, (), (), (), None", "self.then = None"),
]
STARTS = [
    ("        if self._alone is not None:\n            return None\n", ""),
    ("if not running and (key", "if (key"),
    ("            self._alone = self._tracks[key]\n            return self._take(self._alone)\n", "            return self._take(self._tracks[key])\n"),
    ("        self._for_quiet.discard(track.key)\n", ""),
    ("        self._queue.discard(track.key)\n", ""),
    ("self._queue.first() or self._for_quiet.first()", "self._queue.first()"),
    ("alone = track.tries > 0 and track.node.job.retry_alone", "alone = False"),
    ("alone = track.tries > 0 and track.node.job.retry_alone", "alone = track.node.job.retry_alone"),
    ("        if track is self._alone:  # they would wait for its end for ever\n            self._alone = None\n", ""),
    ("        if track is self._alone:\n            self._alone = None\n        self._pools", "        self._pools"),
    ("        self._pools.give(track.needs)\n", ""),
    ("        if track.has_slot:\n            self._give_slot(track)\n", ""),
    ("        if track.has_slot:\n            self._give_slot(track)\n", "        self._give_slot(track)\n"),
    ("        self._pools.give_slot()\n", ""),
    ("return None if self._holds_back(track, now, running) else self._take(track)", "return self._take(track)"),
    ("busy=running > 0)", "busy=True)"),
    ("        self._push(self._queue, track)\n        return True\n", "        return True\n"),
    ("        self._pools.take(track.needs)\n", ""),
]
TIMERS = [
    ("self._heap[0][0] <= now()", "self._heap[0][0] < now()"),
    ("return self._heap[0][0] if self._heap else math.inf", "return math.inf"),
]
RECORD = [
    ("        self.results[track.name].begun = True\n", "        pass\n"),
    ("if before is None or both_passed or worse(before, outcome) is not before:", "if True:"),
    ("if before is None or both_passed or worse(before, outcome) is not before:", "if before is None or worse(before, outcome) is not before:"),
    ("if track.node.test_filter and heeds_filter(track.node.job):", "if heeds_filter(track.node.job):"),
    ("if track.node.test_filter and heeds_filter(track.node.job):", "if track.node.test_filter:"),
    ("        result.ended = now = self._clock.now()\n", "        now = self._clock.now()\n        result.ended = result.ended or now\n"),
    ("result.outcome, result.reason, result.cause = outcome, *why", "result.outcome, result.reason = outcome, why.text"),
    ("copy, outcome, why.text, repeated, again))", "copy, result.outcome, why.text, repeated, again))"),
    ("copy, outcome, why.text, repeated, again))", "copy, outcome, result.reason, repeated, again))"),
    ("        self._passes[track.name] -= 1\n", ""),
    ("self._passes[track.name] > 0", "not repeated"),
    ("if before not in (None, outcome) and result.reason:", "if before not in (None, outcome):"),
    ("if r.outcome is not None and not r.acceptable", "if r.outcome is not None and r.outcome not in (Outcome.PASSED, Outcome.FLAKY)"),
    ("        if result.started is None:\n            result.started", "        if True:\n            result.started"),
    ("Outcome.PASSED if outcome is Outcome.FLAKY else outcome", "outcome"),
    ("        self.results[track.name].attempts += (record,)\n", "        self.results[track.name].attempts = (record,)\n"),
]
PLAN = [
    ("took = self._started - self._idle ", "took = self._started "),
    ("len(node.edges) + 1", "len(node.edges)"),
    ("if self._open < n.stage <= upto]", "if n.stage <= upto]", "a stage is opened when all nodes of those before have ended or serve: none of them is idle"),
    ("            if node.key in self._idle:\n                before", "            if True:\n                before"),
    ("keys.issubset(serving) for stage", "not keys for stage"),
    ("if stage <= self._open", "if stage < self._open"),
    ("return self._users[key] > 0", "return self._users[key] > 1"),
    ("if edge.output is not None}", "if edge.output is None}"),
    ("        self._idle.discard(key)\n        self._started.add(key)\n", "        self._started.add(key)\n"),
    ("if edge in self._met and user in self._idle:", "if user in self._idle:"),
    ("                if self._unmet[user] == 0:\n                    change.held.append(user)\n", ""),
    ("        self._met -= {edge for _, edge in self._dependents[key]}\n", ""),
    ("self._unmet[key] += edge not in self._met", "pass"),
    ("elif fault := self._fault(key, edge, over):", "elif fault := '':"),
    ("if user not in self._idle or self._later(user):", "if self._later(user):"),
    ("if user not in self._idle or self._later(user):", "if user not in self._idle:"),
    ("elif edge not in self._met and (over.how is not Standing.CUT or self._always(user)):", "elif over.how is not Standing.CUT or self._always(user):"),
    ("elif edge not in self._met and (over.how is not Standing.CUT or self._always(user)):", "elif edge not in self._met and over.how is not Standing.CUT:"),
    ("elif edge not in self._met and (over.how is not Standing.CUT or self._always(user)):", "elif edge not in self._met:", 'what waits for something that is cut off is cancelled with it, whether it was freed or not'),
    ("return Over(Standing.BAD, over.culprit)", "return Over(Standing.ALLOWED, over.culprit)"),
    ("return Over(Standing.BAD, over.culprit)", "return Over(Standing.BAD, key)"),
    ("if self._always(user) or over.how in (Standing.GOOD, Standing.CUT):", "if over.how in (Standing.GOOD, Standing.CUT):"),
    ("if self._always(user) or over.how in (Standing.GOOD, Standing.CUT):", "if self._always(user) or over.how is Standing.GOOD:"),
    ("if edge.output is not None and edge.output not in over.wrote:", "if edge.output is not None:"),
    ("if edge.output is not None and edge.output not in over.wrote:", "if False:"),
    ("        self._unended[node.stage].discard(key)\n", ""),
    ("            self._users[need] -= 1\n", "            self._users[need] = 0\n"),
    ("                if wanted == edge:\n", "                if True:\n"),
    ("        if key not in self._idle:\n            return\n        self._unmet", "        self._unmet"),
]
POOLS = [
    ("self._slots != 0 and all", "all"),
    ("self._free.get(name, 1) >= n for", "self._free.get(name, 1) > n for"),
    ("self._free.get(name, 1) >= n for", "self._free.get(name, 0) >= n for"),
    ("self._free[name] += count", "self._free[name] = count"),
    ("        self.take_slot(1)\n", "        pass\n"),
    ("        self._members.pop(key, None)\n", "        pass\n"),
    ("if pools.fits(needs) and (head := self._head(needs))", "if (head := self._head(needs))"),
    ("key = min(heads)[2]\n        heapq", "key = max(heads)[2]\n        heapq"),
    ("(rank, position, key)", "((rank[0], -rank[1]), position, key)"),
    ("(rank, position, key)", "((False, rank[1]), position, key)"),
    ("while heap and self._members.get(heap[0][2]) != needs:", "while False:"),
]
STAGES = [
    ("        titles.append(\"\")\n", "        pass\n"),
    ("_replace(edges=_to_last_passes(node.edges, again))", "_replace(edges=node.edges)"),
    ("_first_phase(by_name, selected, first_jobs) - last", "_first_phase(by_name, selected, first_jobs)"),
    ("[n for n in selected if n not in last]", "selected"),
    ("len(titles) - 1, only_testcases)", "len(titles) - 1, only_testcases or first_testcases)"),
    (" and not job.at_the_end\n", "\n"),
    ("stage = 0 if not early or name in early else 1", "stage = 0"),
    ("again.difference_update(held)", "pass"),
    ("            once += held\n", ""),
    ("if by_name[name].service:\n            held", "if True:\n            held"),
    ("if n in again and by_name[n].service", "if n in again"),
    ("graph.closure(by_name, first, without=set(by_name) - chosen)", "set(first)"),
    ("if missing or not first:", "if missing:"),
    ("        if target in selected:\n            edges.append(Edge(target, output))", "        if target in selected:\n            edges.append(Edge(target, None))"),
    ("wanted = promised if output is None else (output,)", "wanted = promised"),
    ("if edge.key in again else edge.key", "if False else edge.key"),
    ("_again(by_name, chosen, name, second, again)", "_again(by_name, chosen, name, second - 1, again)"),
    ("only_testcases or first_testcases))", "only_testcases))"),
    ("inputs.update({graph.variable(target, made): path for made, path in promised.items()})", "pass"),
    ("titles = [\"phase A\", \"phase B\"] if early else [\"\"]", "titles = [\"\", \"\"] if early else [\"\"]"),
]
JUDGE = [
    ("empty = code == NO_TESTS", "empty = False"),
    ("if code == NO_TESTS and tries > 1 and 0 in job.ok_codes:", "if False:"),
    ("if code == NO_TESTS and tries > 1 and 0 in job.ok_codes:", "if code == NO_TESTS and 0 in job.ok_codes:"),
    ("code not in job.ok_codes:", "code not in (0, 5):"),
    ("    if missing:\n", "    if False:\n"),
    ("return Judgement(Outcome.FAILED, Why(text, cause(code)))", "return Judgement(Outcome.TIMED_OUT, Why(text, cause(code)))"),
]
VERDICT = [
    ("return max(one, other, key", "return min(one, other, key"),
    ("            Outcome.CANCELLED,\n            Outcome.FAILED,\n", "            Outcome.FAILED,\n            Outcome.CANCELLED,\n"),
    ("            Outcome.RESTORED,\n            Outcome.PASSED,\n", "            Outcome.PASSED,\n            Outcome.RESTORED,\n"),
    ("            Outcome.SKIPPED,\n            Outcome.CANCELLED,\n", "            Outcome.CANCELLED,\n            Outcome.SKIPPED,\n"),
    ("all(name in results and results[name].acceptable", "any(name in results and results[name].acceptable"),
    ("    if facts.signal is not None:\n        return BY_SIGNAL", "    if facts.signal is not None and facts.error:\n        return BY_SIGNAL"),
    ("    if facts.timed_out:\n        return TIMED_OUT\n", ""),
    (" or not _all_acceptable(facts):", ":"),
    ("return NO_MATCH if facts.unmatched else PASSED", "return PASSED"),
    ("not facts.selected or facts.refused", "not facts.selected"),
    ("not facts.selected or facts.refused", "facts.refused", "a selection of nothing is refused before there is a run: tests/unit/model/test_verdict.py"),
]
# fmt: on
TABLE = [
    Mutant(f"lib/{file}.py", *row)
    for file, rows in (
        ("scheduler/loop", SCHEDULER),
        ("scheduler/attempt", ATTEMPTS),
        ("scheduler/nodes", TRACK),
        ("scheduler/start_queue", STARTS),
        ("scheduler/timers", TIMERS),
        ("scheduler/results", RECORD),
        ("scheduler/readiness", PLAN),
        ("scheduler/pools", POOLS),
        ("model/phases", STAGES),
        ("model/attempt_outcome", JUDGE),
        ("model/verdict", VERDICT),
    )
    for row in rows
]
