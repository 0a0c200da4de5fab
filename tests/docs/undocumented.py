"""Fails, listing them, if names of the public API have no description.

usage: undocumented.py FOLDER

Runs Doxygen over include/plastic, with docs/reference/Doxyfile and its output in FOLDER. Doxygen warns of
what it calls a member or a compound; enumerators and namespaces, of which it does not, are looked for in
its XML. Skips, saying so, where there is no Doxygen.
"""

import pathlib
import shutil
import subprocess
import sys
from xml.etree import ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Names that are missing only if Doxygen did not see the headers as they are meant.
KNOWN = {"plastic::Tensor", "plastic::matmul", "plastic::nn::Conv2d", "plastic::optim::NeuroPlastic",
         "plastic::data::Loader", "plastic_optimizer_create"}


# Groups whose members the first one's description is meant for.
FAMILIES = {"Comparisons", "Arithmetic", "Arithmetic in place"}


def description(element):
    texts = (element.find(kind) for kind in ("briefdescription", "detaileddescription"))
    return "".join("".join(text.itertext()).strip() for text in texts if text is not None)


def is_described(element):
    return description(element) != ""


def lent_descriptions(compound):
    """Members of groups that are no families, without a description but the first member's."""
    for group in compound.iter("sectiondef"):
        if group.get("kind") != "user-defined" or group.findtext("header") in FAMILIES:
            continue
        first, *others = group.findall("memberdef")
        yield from (member for member in others if description(member) == description(first))


def run_doxygen(folder):
    """The warnings, each once."""
    log = folder / "warnings.txt"
    settings = (ROOT / "docs/reference/Doxyfile").read_text() + f"""
INPUT = docs/reference include/plastic
USE_MDFILE_AS_MAINPAGE =
OUTPUT_DIRECTORY = "{folder}"
GENERATE_HTML = NO
GENERATE_XML = YES
XML_PROGRAMLISTING = NO
WARN_LOGFILE = "{log}"
"""
    shutil.rmtree(folder / "xml", ignore_errors=True)
    subprocess.run(["doxygen", "-"], input=settings, text=True, cwd=ROOT, check=True)
    return sorted({line.removeprefix(f"{ROOT}/") for line in log.read_text().splitlines() if line.strip()})


def look_through(xml):
    """What the XML has no description of, and the names in it."""
    missing, names = {}, set()
    for path in sorted(xml.glob("*.xml")):
        for compound in ElementTree.parse(path).getroot().iter("compounddef"):
            name = compound.findtext("compoundname")
            names.add(name)
            if compound.get("kind") == "namespace" and name != "std" and not is_described(compound):
                missing[name] = f"{compound.find('location').get('file')}: namespace {name}"
            for member in lent_descriptions(compound):
                place = member.find("location")
                missing[member.get("id")] = f"{place.get('file')}:{place.get('line')}: {member.findtext('name')}"
            for member in compound.iter("memberdef"):
                if member.get("prot") == "private":
                    continue
                scope = f"{name}::" if compound.get("kind") != "file" else ""
                names.add(scope + member.findtext("name"))
                place = member.find("location")
                for value in member.findall("enumvalue"):
                    if not is_described(value):
                        missing[value.get("id")] = (f"{place.get('file')}:{place.get('line')}: enumerator "
                                                    f"{value.findtext('name')}")
    return sorted(missing.values()), names


def main():
    if shutil.which("doxygen") is None:
        print("skipped: no doxygen; scripts/setup reference installs it")
        return 0
    folder = pathlib.Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    warnings = run_doxygen(folder)
    missing, names = look_through(folder / "xml")
    unseen = sorted(KNOWN - names)
    for line in warnings + missing + [f"doxygen did not see {name}" for name in unseen]:
        print(line)
    count = len(warnings) + len(missing) + len(unseen)
    if count:
        print(f"{count} to mend: every public name has a description (CONTRIBUTING.md)")
        return 1
    print(f"{len(names)} public names, each with a description")
    return 0


sys.exit(main())
