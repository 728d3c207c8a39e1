"""Files as people write them: YAML and JSON, with the line on which each row begins."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from definitions.faults import DocumentError, Fault, fault
from definitions.loader import no_yaml
from domain.messages import Text

HALF = Text(
    ja="半分だけの文字(\\ud800 など)があります。書き直してください",
    en="half a character (such as \\ud800); write it anew",
)
TWICE = Text(ja="二度書かれています。一つにしてください", en="written twice; keep one")


@dataclass(frozen=True)
class Line:
    """One row as it stands in the file; `problems` are those of its writing (a key written twice)."""

    number: int
    content: dict[str, Any]
    problems: tuple[Fault, ...] = ()


def read_rows(path: Path) -> list[Line]:
    """The rows of a YAML or (by its name) JSON file. Raises `DocumentError`."""
    text = read_text(path)
    return list(_json_rows(path, text)) if path.suffix.lower() == ".json" else _yaml_rows(path, text)


def read_content(path: Path) -> Any:
    """One document, YAML or (by its name) JSON. Raises `DocumentError`; a key written twice is one too."""
    text = read_text(path)
    if path.suffix.lower() != ".json":
        node, content = _yaml(path, text)
        if found := list(_doubled(node)):
            raise DocumentError(path, [Fault(place=f"line {line}", field=key, message=TWICE) for line, key in found])
        return content
    problems: list[Fault] = []
    content = _unmarked(_json(path, text), "", problems)
    if problems:
        raise DocumentError(path, problems)
    return content


def read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DocumentError(
            path, [fault("ファイルがありません。パスを確認してください", "no such file; check the path")]
        ) from None
    except UnicodeDecodeError:
        raise DocumentError(
            path, [fault("UTF-8 ではありません。UTF-8 で保存してください", "not UTF-8; save it as UTF-8")]
        ) from None
    except OSError as error:
        raise DocumentError(
            path, [fault("読めません。パスを確認してください", f"cannot be read: {error.strerror}; check the path")]
        ) from None


def aliased(text: str) -> bool:
    """Whether a YAML text uses aliases: a short one could mean a very long one. False for what is no YAML: that is told where it is
    read."""
    try:
        return any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=_Loader))
    except (yaml.YAMLError, RecursionError):
        return False


# --- YAML ------------------------------------------------------------------------------------------------------------


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader that names the line of a date that no calendar has, where PyYAML would raise a bare ValueError."""


class _Told(yaml.constructor.ConstructorError):
    """Something that YAML would take and no file may say."""

    def __init__(self, said: Fault, mark: yaml.Mark) -> None:
        super().__init__(None, None, said.message.en, mark)
        self.said = said.at(f"line {mark.line + 1}")


def _moment(loader: Any, node: yaml.ScalarNode) -> Any:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        said = fault(
            "そのような日付はありません。直してください", "there is no such date; correct it", value=node.value
        )
        raise _Told(said, node.start_mark) from None


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _moment)


def _yaml(path: Path, text: str) -> tuple[yaml.Node | None, Any]:
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            list(_doubled(node))  # no ring may reach what folds or stores the content
            return node, None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except _Told as told:
        found = told.said
    except yaml.YAMLError as error:
        found = no_yaml(error)
    except (
        ValueError,
        RecursionError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:  # a tag such as !!bool on what is none
        problem = f"not valid YAML: {type(error).__name__}: {error}; correct it"
        found = fault("YAML として読めません。直してください", problem)
    raise DocumentError(path, [found]) from None


def _yaml_rows(path: Path, text: str) -> list[Line]:
    """Rows of a list, or of the list `lifecycles`; a single mapping is one row."""
    node, content = _yaml(path, text)
    if node is None or content is None:
        return []
    if isinstance(node, yaml.MappingNode):
        inner = next((v for k, v in node.value if k.value == "lifecycles" and isinstance(v, yaml.SequenceNode)), None)
        if inner is None:
            return [_yaml_row(path, node, content)]
        node, content = inner, content.get("lifecycles") if isinstance(content, dict) else None
    if not isinstance(node, yaml.SequenceNode) or not isinstance(content, list):
        raise _no_list(path)
    return [_yaml_row(path, place, item) for place, item in zip(node.value, content, strict=True)]


def _yaml_row(path: Path, node: yaml.Node, content: Any) -> Line:
    number = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode) or not isinstance(content, dict):
        raise _no_row(path, number, content)
    content = {str(key): value for key, value in content.items()}
    for key, value in node.value:
        # An id or title of digits is meant as it is written: 007 is neither 7 nor an octal number.
        if key.value in ("id", "title") and isinstance(value, yaml.ScalarNode) and content.get(key.value) is not None:
            content = {**content, key.value: value.value}
    return Line(number, content, tuple(Fault(field=key, message=_twice(line)) for line, key in _doubled(node)))


def _twice(line: int) -> Text:
    return Text(ja=f"{TWICE.ja}({line} 行目)", en=f"{TWICE.en} (line {line})")


def _doubled(node: yaml.Node | None, prefix: str = "", above: tuple[int, ...] = ()) -> Iterator[tuple[int, str]]:
    """(line, key) of keys written twice in one mapping, at any depth. Raises `YAMLError` where an anchor holds itself."""
    if node is None:
        return
    if id(node) in above:
        said = fault("自分自身を含んでいます。書き下してください", "an anchor that contains itself; write it out")
        raise _Told(said, node.start_mark)
    above = (*above, id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen and name != "<<":
                yield key.start_mark.line + 1, prefix + name
            seen.add(name)
            yield from _doubled(value, f"{prefix}{name}.", above)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _doubled(item, prefix, above)


# --- JSON ------------------------------------------------------------------------------------------------------------


class _Object(dict[str, Any]):
    """An object that remembers which keys were written twice."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    made.twice = tuple(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
    return made


_HALF = re.compile("[\ud800-\udfff]")
_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _json(path: Path, text: str) -> Any:
    """JSON read as JSON: YAML refuses its tabs and halves its surrogate pairs (𠮷 as ``\\ud842\\udfb7``)."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place, problem = f"line {error.lineno}, column {error.colno}", error.msg
    except (ValueError, RecursionError) as error:
        place, problem = "", str(error)
    en = f"not valid JSON: {problem}; correct that line"
    raise DocumentError(path, [fault("JSON として読めません。その行を直してください", en, place=place)]) from None


def _unmarked(value: Any, prefix: str, problems: list[Fault]) -> Any:
    """Plain dicts and lists. `problems`: keys written twice, and halves of characters (a lone ``\\ud83d``), which no store could hold."""
    if isinstance(value, str) and _HALF.search(value):
        problems.append(Fault(field=prefix.rstrip(".") or "-", message=HALF))
    if isinstance(value, _Object):
        problems += [Fault(field=f"{prefix}{key}", message=TWICE) for key in value.twice]
        problems += [Fault(field=prefix.rstrip(".") or "-", message=HALF) for key in value if _HALF.search(key)]
        value = {k: v for k, v in value.items() if not _HALF.search(k)}
        return {k: _unmarked(v, f"{prefix}{k}.", problems) for k, v in value.items()}
    return [_unmarked(v, prefix, problems) for v in value] if isinstance(value, list) else value


def _json_rows(path: Path, text: str) -> Iterator[Line]:
    if not text.strip():
        return
    content = _json(path, text)
    begin = _after_space(text, 0)
    items: Iterable[tuple[int, Any]] = ((begin, content),)
    if isinstance(content, list):
        items = _items(text, begin)
    elif isinstance(content, dict):
        if isinstance(content.get("lifecycles"), list):
            items = _items(text, _begin_of(text, begin, "lifecycles"))
    else:
        raise _no_list(path)
    number, passed = 1, 0
    for at, item in items:
        number, passed = number + text.count("\n", passed, at), at
        if not isinstance(item, _Object):
            raise _no_row(path, number, item)
        problems: list[Fault] = []
        row = _unmarked(item, "", problems)
        yield Line(number, row, tuple(problems))


def _items(text: str, begin: int) -> Iterator[tuple[int, Any]]:
    """Where each item of the array at `begin` starts, and the item. The text is known to be JSON."""
    at = _after_space(text, begin + 1)
    while text[at] != "]":
        item, end = _DECODER.raw_decode(text, at)
        yield at, item
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _begin_of(text: str, begin: int, wanted: str) -> int:
    """Where the value of a key (its last, as JSON readers do) starts in the object at `begin`."""
    at, found = _after_space(text, begin + 1), begin
    while text[at] != "}":
        key, end = _DECODER.raw_decode(text, at)
        value = _after_space(text, _after_space(text, end) + 1)
        found = value if key == wanted else found
        at = _after_space(text, _DECODER.raw_decode(text, value)[1])
        if text[at] == ",":
            at = _after_space(text, at + 1)
    return found


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


# --- what is wrong ---------------------------------------------------------------------------------------------------


def _no_list(path: Path) -> DocumentError:
    return DocumentError(
        path, [fault("行の並び(リスト)を書いてください", "expected a list of rows; see examples/first.yaml")]
    )


def _no_row(path: Path, number: int, found: Any) -> DocumentError:
    return DocumentError(path, [no_fields(found, place=f"line {number}")])


def no_fields(found: Any, *, place: str = "", field: str = "") -> Fault:
    """What should have fields with values and is something else."""
    return fault("項目: 値 の形で書いてください", "expected fields with values", place=place, field=field, value=found)
