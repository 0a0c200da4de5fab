"""Where and when it was measured, and what else the machine did meanwhile."""

import datetime
import os
import platform
import subprocess

VECTORS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")
BF16 = ("avx512_bf16", "amx_bf16")


def first_line(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return result.stdout.partition("\n")[0]


def cpuinfo(field):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name.strip() == field:
                return value.strip()
    return ""


def processor():
    return cpuinfo("model name") or platform.machine()


def vectors():
    flags = cpuinfo("flags").split()
    return [name for name in VECTORS if name in flags]


def has_bf16():
    return any(name in vectors() for name in BF16)


def load():
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


def plastic_version():
    return first_line(["git", "describe", "--always", "--dirty"])


def describe(options, results):
    context = results.context
    print(f"processor  {processor()} ({' '.join(vectors())}), {os.cpu_count()} threads in the machine")
    print(f"date       {datetime.date.today()}; load average {load()}")
    print(f"threads    {options.threads} on both sides (PyTorch reports {context['threads']})")
    print(f"Plastic    {plastic_version()}, Release, "
          f"{first_line([os.environ.get('CXX', 'g++'), '--version'])}\n"
          f"           f32: {results.level}\n"
          f"           bf16: {results.bf16}")
    print(f"peer       PyTorch {context['torch']} from PyPI, which uses {context['vectors']}; memory "
          "kept between\n           steps (MALLOC_MMAP_MAX_=0, MALLOC_TRIM_THRESHOLD_, "
          "MALLOC_TOP_PAD_), denormals flushed.\n           Words of its entries: foreach, fused "
          "(the optimizer); compiled (torch.compile); nchw,\n           channels_last (the layout); "
          "bf16 (autocast)")
    print("           neuroplastic: our plain PyTorch transcription of the reference, diagnostics on "
          "as there")
    if "bf16" not in options.precisions:
        print("bf16       not measured: "
              + ("--precisions asks for f32 alone" if has_bf16() else
                 f"this processor has no {' and no '.join(BF16)}; --precisions f32,bf16 measures the "
                 "peer's emulation"))
    print(f"rounds     {options.rounds}, alternating Plastic and peers; medians [smallest-largest]")


class OtherWork:
    """The share of the processors that others took while it lived: what makes figures noise."""

    counted = 0  # ticks of processes of ours that are not our children

    @classmethod
    def count(cls, process):
        """Adds what a living process, and those that it waited for, have used."""
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        cls.counted += sum(map(int, fields[11:15]))

    def __init__(self):
        self.started = self.read()

    @classmethod
    def read(cls):
        with open("/proc/stat", encoding="utf-8") as file:
            ticks = list(map(int, file.readline().split()[1:9]))
        resting = ticks[3] + ticks[4]  # idle, and waiting for a disk
        times = os.times()
        own = times.user + times.system + times.children_user + times.children_system
        return sum(ticks) - resting, sum(ticks), own * os.sysconf("SC_CLK_TCK") + cls.counted

    def share(self):
        busy, total, own = (now - then for now, then in zip(self.read(), self.started))
        return max(busy - own, 0) / max(total, 1)

    def report(self):
        share = self.share()
        print(f"\nother work took {share:.0%} of the processors during this run; load average {load()}"
              + ("\nPyTorch's spinning threads suffer most from that: DO NOT QUOTE these figures"
                 if share > 0.1 else ""))
