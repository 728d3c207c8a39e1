"""Chat through Apprise, which speaks to many services (Slack, Teams, Mattermost, …). Off unless configured."""

from __future__ import annotations

from collections.abc import Sequence

from notifications.contract import ChannelDown, Owed


class Chat:
    """To the rooms that an operator has named; each notice is one message, in both languages."""

    name = "chat"
    repeatable = False
    one_by_one = True

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = tuple(urls)

    def send(self, owed: Sequence[Owed]) -> None:
        import apprise  # only where chat is used: it loads a hundred services

        rooms = apprise.Apprise()
        for url in self._urls:
            if not rooms.add(url):
                raise ChannelDown(
                    f"TASKFORCE_CHAT_URLS: {url.partition(':')[0]}: Apprise の URL ではありません / "
                    f"TASKFORCE_CHAT_URLS: {url.partition(':')[0]}: not a URL of Apprise"
                )
        for o in owed:
            if not rooms.notify(body=f"{o.subject_ja}\n{o.subject_en}"):
                raise ChannelDown("chat: 送れませんでした / chat: a service did not take it")
