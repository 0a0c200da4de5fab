"""Programs, each with a limit and a log of its own, several at a time."""

import concurrent.futures
import dataclasses
import os
import signal
import subprocess
import time

LEAST_SECONDS = 3  # with less left, nothing is started


@dataclasses.dataclass(eq=False)
class Job:
    name: str  # of the log, too
    command: list
    limit: float  # seconds


@dataclasses.dataclass(frozen=True)
class Result:
    """`code` is None where the time was over, and so it is with `ran` False where it did not begin."""
    code: int
    output: str
    seconds: float = 0.0
    ran: bool = True

    @property
    def end(self):
        """How it ended, in words."""
        if not self.ran:
            return self.output
        if self.code is None:
            return f"stopped after {self.seconds:.0f} s"
        if self.code < 0:
            return f"ended by {signal_name(-self.code)}"
        return f"exit {self.code}"


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def end(process):
    """With all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


class Runner:
    def __init__(self, logs, seconds):
        self.logs = logs
        self.deadline = time.monotonic() + seconds
        self.running = set()  # processes

    def seconds_left(self):
        return self.deadline - time.monotonic()

    def run(self, job):
        left = self.seconds_left()
        if left < LEAST_SECONDS:
            return Result(None, "no time left", ran=False)
        started = time.monotonic()
        log = self.logs / f"{job.name}.log"
        try:
            # In a file from the beginning: it is there if the check itself is ended.
            with open(log, "wb") as stream:
                stream.write(f"$ {' '.join(map(str, job.command))}\n".encode())
                stream.flush()
                process = subprocess.Popen(list(map(str, job.command)), stdin=subprocess.DEVNULL,
                                           stdout=stream, stderr=subprocess.STDOUT,
                                           start_new_session=True)
                code = self.wait(process, min(job.limit, left))
        except OSError as error:
            return Result(None, f"{job.command[0]}: {error.strerror}", ran=False)
        seconds = time.monotonic() - started
        text = log.read_text(encoding="utf-8", errors="replace")
        result = Result(code, text.partition("\n")[2], seconds)
        with open(log, "a", encoding="utf-8") as stream:
            stream.write(f"\n{result.end}, {seconds:.1f} s\n")
        return result

    def wait(self, process, limit):
        """Its exit code, or None after ending it and all that it started."""
        self.running.add(process)
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            end(process)
            return None
        finally:
            self.running.discard(process)

    def stop(self):
        """Ends what runs; nothing begins after."""
        self.deadline = 0
        for process in list(self.running):
            end(process)

    def run_all(self, jobs, at_once):
        """(job, its result) as each ends; they begin in the order given."""
        with concurrent.futures.ThreadPoolExecutor(max(1, at_once)) as pool:
            running = {pool.submit(self.run, job): job for job in jobs}
            try:
                for future in concurrent.futures.as_completed(running):
                    yield running[future], future.result()
            except BaseException:
                self.stop()
                raise
