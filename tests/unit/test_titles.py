"""Everything that pages name by a key has a title in Japanese and English."""

from __future__ import annotations

import re
from typing import get_args

from pydantic import SecretStr

from domain.lifecycle.absence import Mark
from domain.lifecycle.publishing import Part
from domain.messages import Text, Via
from domain.registry import KINDS
from domain.titles import ATTEMPTS, CHANNELS, COMMANDS, WAYS_IN, of_attempt, of_channel
from notifications.registry import configured
from papers.words import chosen
from settings import Settings
from web.forms import Box, boxes
from web.pages.steering import ACTS, LABELS
from web.saying import concluded, half

JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")


def test_every_command_way_in_and_channel_has_a_title_in_both_languages() -> None:
    commands = {name for kind in KINDS.values() for name in kind.commands}
    assert set(COMMANDS) == commands
    everything = {"smtp_host": "x", "webhook_url": "x", "webhook_secret": SecretStr("x"), "chat_urls": ("x",)}
    assert set(CHANNELS) == set(configured(Settings().model_copy(update=everything)))
    assert set(WAYS_IN) == set(Via)
    assert all(not JAPANESE.search(t.en) for t in (*COMMANDS.values(), *ATTEMPTS.values(), *CHANNELS.values()))
    assert all(JAPANESE.search(t.ja) for t in COMMANDS.values())
    assert of_attempt("answer") == Text(ja="コマンド answer", en="command answer")
    assert of_channel("gone") == Text(ja="gone", en="gone")


def test_every_choice_of_an_act_is_offered_in_words() -> None:
    def raw(box: Box) -> list[str]:
        inside = [r for row in (box.inside, *box.rows) for b in row for r in raw(b)]
        return [*inside, *(f"{box.path}={v}" for v, words in box.choices if words == Text(ja=v, en=v))]

    found = {r for act in ACTS.values() for b in boxes(act.command, {}, labels=LABELS) for r in raw(b)}
    assert {f for f in found if not f.startswith("state=")} == set(), "the page offers those states itself"
    assert all(chosen("marks", m) for m in get_args(Mark)) and all(chosen("parts", p) for p in get_args(Part))


def test_a_text_in_both_languages_is_told_in_one_and_what_people_wrote_is_left_alone() -> None:
    assert half("送れません / not sent", "ja") == "送れません" and half("送れません / not sent", "en") == "not sent"
    told = "戦略会議 議題 sent-3 の結論(条件付き了承)。 / concluded by the council, item sent-3: endorsed with conditions 期限 / 予算"
    assert concluded(told, "ja") == "戦略会議 議題 sent-3 の結論(条件付き了承)。 期限 / 予算"
    assert concluded(told, "en") == "concluded by the council, item sent-3: endorsed with conditions 期限 / 予算"
    assert concluded("市民課 / tax", "en") == "市民課 / tax"
    for text in ("市民課 / 税務課", "a / b", "送れません"):
        assert half(text, "ja") == half(text, "en") == text
