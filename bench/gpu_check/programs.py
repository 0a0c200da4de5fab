"""Section programs: those that were packed where they run here, else they are built."""

import io
import json
import lzma
import os
import re
import tarfile

from gpu_check import build, failures, pack
from gpu_check.jobs import Job

SECTION = "programs"
BUILD_SECONDS = 200


def why_not_packed(capability, root="."):
    """Empty where the packed programs are of these sources and for this card."""
    if not (pack.PROGRAMS.is_file() and pack.DESCRIPTION.is_file()):
        return "none were packed"
    described = json.loads(pack.DESCRIPTION.read_text())
    if described["sources"] != build.sources_hash(root):
        return "they were packed from other sources"
    architectures = described["architectures"]
    # Machine code runs on later cards of the same generation. PTX would be compiled as it is first
    # run, all of it on one core.
    if capability and not any(known // 10 == capability // 10 and known <= capability
                              for known in architectures):
        return f"they are for {', '.join(map(str, architectures))}"
    return ""


def unpack(folder):
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(pack.PROGRAMS.read_bytes()))) as tar:
        for member in tar.getmembers():
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            # A program that runs cannot be written to.
            target.unlink(missing_ok=True)
            target.write_bytes(tar.extractfile(member).read())
            target.chmod(0o755)


def compiled_in_vain(check, result, what):
    done = re.findall(r"^\[\d+/\d+\]", result.output, flags=re.MULTILINE)
    end = f"{result.end} at {done[-1]}" if done else result.end
    found = failures.of_compiler(result.output)
    if not found and result.code is not None:
        found = failures.of_program(result.output)
    check.table.failed(SECTION, what, end, found)
    return False


def compile_here(check, capability, why):
    version = build.compiler_version()
    if not version:
        check.table.failed(SECTION, "build", f"{why}, and there is no compiler here "
                                             f"({os.environ.get('CXX', 'g++')})")
        return False
    options = build.configure_options()
    if capability:
        options.append(f"-DPLASTIC_CUDA_ARCHITECTURES={capability}")
    result = check.runner.run(Job("configure", ["cmake", "-B", check.build, *options],
                                  BUILD_SECONDS))
    if result.code != 0:
        return compiled_in_vain(check, result, "configure")
    seconds = result.seconds
    result = check.runner.run(Job("compile", ["cmake", "--build", check.build, "--parallel",
                                              str(os.cpu_count()), "--target", *build.TARGETS],
                                  BUILD_SECONDS))
    if result.code != 0:
        return compiled_in_vain(check, result, "compile")
    check.table.passed(SECTION, "build", f"{seconds + result.seconds:.0f} s, g++ {version}: {why}")
    return True


def starts(check):
    """How `plastic info` ended; what it prints is noted."""
    result = check.runner.run(Job("info", [check.build / build.PLASTIC, "info"], 60))
    check.info = result.output if result.code == 0 else ""
    return result


def run(check):
    """Whether there are programs that run."""
    why = "asked for" if check.options.build else why_not_packed(check.capability)
    if not why:
        unpack(check.build)
        result = starts(check)
        if result.code == 0:
            check.table.passed(SECTION, "packed programs", "run here")
            return True
        first = failures.of_program(result.output)[0].partition("\n")[0]
        why = f"the packed ones do not run ({result.end}: {first})"
    if not check.capability and not check.options.build:
        check.table.not_run(SECTION, "build", f"no card to build for; {why}")
        return False
    if not compile_here(check, check.capability, why):
        return False
    result = starts(check)
    if result.code != 0:
        check.table.failed(SECTION, "plastic info", result.end, failures.of_program(result.output))
    return result.code == 0


def has_device(check):
    """Whether our own runtime finds the card."""
    found = re.findall(r"^.*compute capability.*$", check.info, flags=re.MULTILINE)
    reason = re.findall(r"no CUDA: (.*)", check.info)
    if found:
        check.table.passed("card", "plastic finds it", found[0].replace("devices", "").strip())
    else:
        check.table.failed("card", "plastic finds it", reason[0] if reason else "no device")
    for name, rest in re.findall(r"\b(cuBLASLt|cuDNN) (.*)", check.info):
        check.table.figure("card", name, rest)
    return bool(found)
