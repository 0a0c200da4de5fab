"""The table of results: printed row by row, and written again with every row and section, so that
what is known lies in the folder whatever ends the check."""

import enum
import io
import pathlib
import tarfile

MOST_LOG_BYTES = 2 << 20  # of one log in the archive: its beginning and its end
FAILURES_SHOWN = 3


class Mark(enum.Enum):
    PASSED = "pass"
    FAILED = "FAIL"
    NOT_RUN = "not run"
    FIGURE = ""


def shortened(content, most=MOST_LOG_BYTES):
    """The beginning and the end of what is too long."""
    if len(content) <= most:
        return content
    half = most // 2
    left_out = f"\n[{len(content) - 2 * half} bytes left out]\n".encode()
    return content[:half] + left_out + content[-half:]


class Table:
    def __init__(self, out, logs):
        """`out` receives table.txt and logs.tar.gz, the latter with all files of `logs`."""
        self.out = pathlib.Path(out)
        self.logs = pathlib.Path(logs)
        self.out.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.rows = []

    def add(self, section, name, mark, text, failures=()):
        """A row, with the failures that it is about beneath, each a text of some lines."""
        row = (section, name, mark, text, list(failures)[:FAILURES_SHOWN])
        self.rows.append(row)
        print(self.text_of(row), flush=True)
        self.write_table()

    def passed(self, section, name, text):
        self.add(section, name, Mark.PASSED, text)

    def failed(self, section, name, text, failures=()):
        self.add(section, name, Mark.FAILED, text, failures)

    def not_run(self, section, name, why):
        self.add(section, name, Mark.NOT_RUN, why)

    def figure(self, section, name, text):
        self.add(section, name, Mark.FIGURE, text)

    def judged(self, section, name, ok, text, failures=()):
        self.add(section, name, Mark.PASSED if ok else Mark.FAILED, text, failures)

    @staticmethod
    def text_of(row):
        section, name, mark, text, failures = row
        lines = [f"{mark.value:7}  {section:9} {name:44} {text}".rstrip()]
        for number, failure in enumerate(failures, 1):
            for position, line in enumerate(failure.splitlines()):
                lines.append(f"         {f'{number}.' if position == 0 else '  '} {line[:160]}")
        return "\n".join(lines)

    def count(self, mark):
        return sum(row[2] is mark for row in self.rows)

    def summary(self):
        parts = [f"{self.count(Mark.PASSED)} passed"]
        if self.count(Mark.FAILED):
            parts.append(f"{self.count(Mark.FAILED)} FAILED")
        if self.count(Mark.NOT_RUN):
            parts.append(f"{self.count(Mark.NOT_RUN)} not run")
        return "gpu-check: " + ", ".join(parts)

    def exit_code(self):
        """1 when something failed, else 3 when something did not run, else 0."""
        if self.count(Mark.FAILED):
            return 1
        return 3 if self.count(Mark.NOT_RUN) or not self.count(Mark.PASSED) else 0

    def whole_text(self):
        return "\n".join([*map(self.text_of, self.rows), self.summary()]) + "\n"

    def write_table(self):
        replace(self.out / "table.txt", self.whole_text().encode())

    def write_logs(self):
        """One file, since a device machine may hand back only a few."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=6) as tar:
            for path in sorted(self.logs.rglob("*")):
                if not path.is_file():
                    continue
                content = shortened(path.read_bytes())
                entry = tarfile.TarInfo(f"logs/{path.relative_to(self.logs)}")
                entry.size = len(content)
                entry.mtime = int(path.stat().st_mtime)
                tar.addfile(entry, io.BytesIO(content))
        replace(self.out / "logs.tar.gz", archive.getvalue())

    def write(self):
        self.write_table()
        self.write_logs()


def replace(path, content):
    """The file holds the old content or the new, whenever the check is ended."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    beside.replace(path)
