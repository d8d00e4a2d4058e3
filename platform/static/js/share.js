// What shares a page: copies its address, or hands it to the phone's own sharing. The address in a
// field and the phone's sharing may be left out.
export function begin(host) {
  const { title, url } = host.dataset;
  const copy = host.querySelector("[data-copy]");
  const send = host.querySelector("[data-send]");
  copy.hidden = !navigator.clipboard;
  copy.onclick = async () => {
    await navigator.clipboard.writeText(url);
    copy.textContent = copy.dataset.done;
  };
  host.querySelector("input")?.addEventListener("focus", (event) => event.target.select());
  if (!send) return;
  send.hidden = !navigator.share;
  send.onclick = () => navigator.share({ title, url }).catch(() => {}); // they thought better of it
}
