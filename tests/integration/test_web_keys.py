"""One's own keys on the page about oneself: shown once, kept as a hash, nobody else's; and notices that are sent again."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import sqlalchemy as sa

from store.api_keys import AT_MOST
from store.store import Store
from store.tables import deliveries, web_keys
from tests.integration.pages import PASSWORD, Pages, client
from tests.integration.test_api import caller, problem


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, name
    return found[1]


def test_a_person_makes_and_revokes_their_own_keys(town: Pages) -> None:
    with client(town, "p33") as own, client(town, "p32") as other, httpx.Client(base_url=f"{town.base}/api/v1") as api:
        page = own.get("/me").text
        asked = {
            "csrf": hidden(page, "csrf"),
            "command_id": hidden(page, "command_id"),
            "name": "台帳連携",
            "scope": ["read", "decide", "all"],
            "days": "30",
        }
        assert own.post("/me/keys", data=asked | {"csrf": "x"}).status_code == 403
        assert own.post("/me/keys", data=asked, headers={"Origin": "https://evil.example"}).status_code == 403
        assert own.post("/me/keys", data=asked | {"name": " "}).status_code == 422
        assert own.post("/me/keys", data=asked | {"scope": ["all"]}).status_code == 422
        assert own.post("/me/keys", data=asked | {"days": "9999"}).status_code == 404
        made = own.post("/me/keys", data=asked)
        [secret] = re.findall(r"tfk_[\w-]+", made.text)
        assert made.status_code == 200 and made.headers["cache-control"] == "no-store"
        again = own.post("/me/keys", data=asked)
        assert again.status_code == 409 and "tfk_" not in again.text, "a double click makes one"
        assert "台帳連携" in own.get("/me").text and "tfk_" not in own.get("/me").text
        assert "台帳連携" not in other.get("/me").text
        me = api.get("/me", headers={"Authorization": f"Bearer {secret}"}).json()
        assert (me["person"], me["scopes"]) == ("p33", ["read", "decide"])
        store = Store.open(town.url)
        with store.database.read() as connection:
            [row] = connection.execute(sa.select(web_keys)).mappings()
        assert secret not in str(dict(row))
        theirs = {"csrf": hidden(other.get("/me").text, "csrf")}
        assert other.post(f"/me/keys/{me['key']}/revoke", data=theirs).status_code == 404
        assert own.post(f"/me/keys/{me['key']}/revoke", data=theirs).status_code == 403
        assert own.post("/me/keys", data=asked | {"name": "\x00", "command_id": "nul"}).status_code == 422
        with ThreadPoolExecutor(4) as hands:
            several = [asked | {"command_id": f"c{n}"} for n in range(AT_MOST + 2)]
            found = list(hands.map(lambda data: own.post("/me/keys", data=data).status_code, several))
        assert (found.count(200), found.count(409)) == (AT_MOST - 1, 3), "several at once are counted too"
        assert own.post(f"/me/keys/{me['key']}/revoke", data={"csrf": asked["csrf"]}).status_code == 303
        assert problem(api.get("/me", headers={"Authorization": f"Bearer {secret}"})) == (401, "key-unknown")
        store.close()


def test_notices_that_did_not_arrive_are_sent_again_by_the_headquarters(town: Pages) -> None:
    store = Store.open(town.url)
    failed = sa.update(deliveries).values(state="failed", problem="no such mailbox")
    with store.database.write() as connection:
        number = connection.execute(failed).rowcount
    assert number

    def states() -> list[str]:
        with store.database.read() as connection:
            return list(connection.execute(sa.select(deliveries.c.state)).scalars())

    with client(town, "p07") as office, client(town, "p33") as section, caller(town, "p07", "read", "write") as api:
        page = office.get("/operations").text
        token = {"csrf": hidden(page, "csrf")}
        refused = section.post(
            "/operations/notices", data={"csrf": hidden(section.get("/me").text, "csrf"), "act": "all"}
        )
        assert refused.status_code == 409 and set(states()) == {"failed"}
        one = {"act": "settle", "notice": hidden(page, "notice")}
        assert office.post("/operations/notices", data=token | one).status_code == 303
        assert states().count("sent") == 1
        left = api.get("/incidents/notices").json()["items"]
        assert len(left) == number - 1
        done = api.post("/incidents/notices/settle", json={"notices": [n["event_id"] for n in left]})
        assert done.json()["count"] == number - 1 and states().count("pending") == number - 1
        assert api.post("/incidents/notices/settle", json={}).json()["count"] == 0
    with caller(town, "p33", "read", "write") as other:
        assert problem(other.post("/incidents/notices/settle", json={})) == (409, "headquarters-only")
    store.close()


def test_an_invitation_signs_in_and_a_password_is_changed_by_who_knows_it(town: Pages) -> None:
    url = httpx.URL(town.json("account", "invite", "p38")["url"])
    with client(town, None) as own:
        refused = own.post(url.path, data={"password": PASSWORD, "again": "x"})
        assert refused.status_code == 422 and "differ" in refused.text
        entered = own.post(url.path, data={"password": PASSWORD, "again": PASSWORD})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        first = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
        wanted = {"csrf": hidden(own.get("/me", headers=first).text, "csrf"), "new": "別の 長い ことばを えらぶ"}
        asked = wanted | {"old": PASSWORD, "again": wanted["new"]}
        for changed, status in ({"csrf": "x"}, 403), ({"old": "x"}, 403), ({"again": "x"}, 422), ({"new": "x"}, 422):
            assert own.post("/me/password", data=asked | changed, headers=first).status_code == status, changed
        done = own.post("/me/password", data=asked, headers=first)
        assert (done.status_code, done.headers["location"]) == (303, "/me?done=1")
        assert own.get("/me", headers=first).status_code == 303, "sessions of the old one are over"
        second = {"Cookie": done.headers["set-cookie"].split(";")[0]}
        assert own.get("/me", headers=second).status_code == 200
        now = wanted | {
            "old": "wrong",
            "again": wanted["new"],
            "csrf": hidden(own.get("/me", headers=second).text, "csrf"),
        }
        tries = [own.post("/me/password", data=now, headers=second).status_code for _ in range(7)]
        assert tries[0] == 403 and tries[-1] == 429, "wrong tries count as at signing in"
