"""The operations that the public headers declare, as "name(type, type)": no const, no references, no
names, no defaults."""
import re

# Methods of Tensor and functions of its header that are no operation.
NOT_COMPARED = {
    "Tensor::impl()": "for the engine's own files",
    "Tensor::Tensor()": "makes an undefined handle",
    "Tensor::Tensor(shared_ptr<TensorImpl>)": "for the engine's own files",
    "Tensor::version()": "counts writes in its own way",
    "to_string(Tensor)": "text, not a tensor",
    "operator<<(ostream, Tensor)": "likewise",
    "default_generator()": "the operations that draw are given one",
    "manual_seed(uint64)": "likewise",
}

OPERATION_HEADERS = "include/plastic/core/ops/*.h"
OTHER_HEADERS = {"include/plastic/core/tensor.h": "", "include/plastic/nn/loss.h": "nn::",
                 "include/plastic/core/random.h": ""}

DECLARATION = re.compile(
    r"(?:^|\n)\s*(?:template <class T>\s*)?(?:static |inline |explicit )*"
    r"(?:(?P<type>(?:const )?(?:std::)?[\w:]+(?:<[^;{}()]*?>)?[ &*]+))?"
    r"(?P<name>operator[<>+*/-]=?|~?\w+)\((?P<arguments>[^;{}]*?)\)\s*(?:const)?\s*(?::[^;{]*)?(?=[;{])")


def _without_comments(text):
    """Nor defaults that are written with braces."""
    return re.sub(r"\s*=\s*\{\}", "", re.sub(r"//[^\n]*", "", text))


def _split(arguments):
    """At the commas that no bracket holds."""
    parts, depth, current = [], 0, ""
    for character in arguments:
        depth += (character in "<({") - (character in ">)}")
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [part for part in parts + [current] if part.strip()]


def _type(argument):
    text = argument.split("=")[0].strip()
    text = re.sub(r"\b(const|std::)", "", text).replace("&", " ")
    text = re.sub(r"int64_t", "int64", text)
    text = re.sub(r"\s+", " ", text).strip()
    # The last word is the name, unless it is all of the type.
    found = re.match(r"^(.*[\w>)])\s+(\w+)$", text)
    text = found.group(1) if found else text
    return re.sub(r"\s+([<>,)])", r"\1", re.sub(r"([<(])\s+", r"\1", text)).strip()


def _declarations(text, prefix):
    for found in DECLARATION.finditer(text):
        name = found.group("name")
        if not found.group("type") and name != "Tensor":
            continue
        template = "<T>" if "template <class T>" in found.group(0) else ""
        types = ", ".join(_type(a) for a in _split(found.group("arguments")))
        yield f"{prefix}{name}{template}({types})"


def _body(text, name):
    """What stands in the braces of class `name`, and the text without it."""
    begin = text.index(f"class {name} {{")
    at, depth = text.index("{", begin), 0
    for end in range(at, len(text)):
        depth += (text[end] == "{") - (text[end] == "}")
        if depth == 0:
            return text[at + 1:end], text[:begin] + text[end + 1:]
    raise ValueError(name)


def declared(root):
    """All declarations -> the header of each."""
    found = {}
    headers = sorted(root.glob(OPERATION_HEADERS)) + [root / name for name in OTHER_HEADERS]
    for header in headers:
        relative = str(header.relative_to(root))
        text = _without_comments(header.read_text())
        if relative.endswith("core/tensor.h"):
            body, text = _body(text, "Tensor")
            body = body.split("private:")[0]
            for declaration in _declarations(_outside_braces(body), "Tensor::"):
                found[declaration] = relative
        text = _outside_braces(text)
        for declaration in _declarations(text, OTHER_HEADERS.get(relative, "")):
            found[declaration] = relative
    return {d: header for d, header in found.items() if d not in NOT_COMPARED}


def _outside_braces(text):
    """The text that stands in namespaces only: bodies of classes and functions are left out."""
    result, depth, namespaces = "", 0, 0
    at = 0
    for found in re.finditer(r"namespace [\w:]+ \{|[{}]", text):
        piece = text[at:found.start()]
        at = found.end()
        if depth == 0:
            result += piece
        if found.group(0).startswith("namespace"):
            namespaces += 1
        elif found.group(0) == "{":
            depth += 1
        elif depth > 0:
            depth -= 1
            if depth == 0:
                # A body ends as a declaration does.
                result += ";\n"
        else:
            namespaces -= 1
    return result
