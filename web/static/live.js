// The only script: it shows what was recorded meanwhile. Everything works without it.
"use strict";
const main = document.querySelector("main[data-live]");
if (main && window.EventSource) {
  const news = document.getElementById("news");
  let last = Promise.resolve();
  const refresh = async () => {
    const active = document.activeElement;
    const ticked = main.querySelector("input:checked") !== null;
    const busy = main.dataset.keep !== undefined || ticked || (active !== main && main.contains(active) && active !== document.body);
    if (busy) {
      news.hidden = false; // what is being written or read stays as it is
      return;
    }
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) {
      news.hidden = false;
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (fresh) {
      main.replaceChildren(...fresh.childNodes);
      main.dispatchEvent(new Event("refreshed"));
    }
  };
  const source = new EventSource(main.dataset.live);
  source.addEventListener("changed", () => { last = last.then(refresh, refresh); });
  addEventListener("pagehide", () => source.close());
}
