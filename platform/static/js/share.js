// The sheet that shares a page: copies its address, or hands it to the phone's own sharing.
customElements.define("rz-share", class extends HTMLElement {
  connectedCallback() {
    const { title, url } = this.dataset;
    const copy = this.querySelector("[data-copy]");
    const send = this.querySelector("[data-send]");
    copy.hidden = !navigator.clipboard;
    send.hidden = !navigator.share;
    copy.onclick = async () => {
      await navigator.clipboard.writeText(url);
      copy.textContent = copy.dataset.done;
    };
    send.onclick = () => navigator.share({ title, url }).catch(() => {}); // they thought better of it
    this.querySelector("input").onfocus = (event) => event.target.select();
  }
});
