/* <rz-passkey data-ceremony="login|get|create" [data-options="id of the JSON"] data-failed="…">
 * A form whose hidden field `credential` the device fills. Shown only where passkeys work. */

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const withBytes = (list = []) => list.map((key) => ({ ...key, id: toBytes(key.id) }));

async function create({ publicKey }) {
  const credential = await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: toBytes(publicKey.challenge),
      user: { ...publicKey.user, id: toBytes(publicKey.user.id) },
      excludeCredentials: withBytes(publicKey.excludeCredentials),
      authenticatorSelection: {
        ...publicKey.authenticatorSelection,
        residentKey: "required",
        requireResidentKey: true,
        userVerification: "required",
      },
    },
  });
  const { clientDataJSON, attestationObject } = credential.response;
  return {
    ...common(credential),
    response: {
      clientDataJSON: toText(clientDataJSON),
      attestationObject: toText(attestationObject),
      transports: credential.response.getTransports?.() ?? [],
    },
  };
}

async function get({ publicKey }) {
  const credential = await navigator.credentials.get({
    publicKey: {
      ...publicKey,
      challenge: toBytes(publicKey.challenge),
      allowCredentials: withBytes(publicKey.allowCredentials),
    },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return {
    ...common(credential),
    response: {
      clientDataJSON: toText(clientDataJSON),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      userHandle: userHandle ? toText(userHandle) : null,
    },
  };
}

const common = (credential) => ({
  type: credential.type,
  id: credential.id,
  rawId: toText(credential.rawId),
  authenticatorAttachment: credential.authenticatorAttachment,
  clientExtensionResults: credential.getClientExtensionResults(),
});

class Passkey extends HTMLElement {
  connectedCallback() {
    if (!window.PublicKeyCredential) return;
    this.hidden = false;
    this.form = this.querySelector("form");
    this.form.addEventListener("submit", (event) => this.ask(event));
  }

  async ask(event) {
    event.preventDefault();
    event.stopPropagation();
    const error = this.querySelector("[data-error]");
    error.hidden = true;
    try {
      const credential = await this.ceremony();
      this.form.querySelector('[name="credential"]').value = JSON.stringify(credential);
      this.form.submit();
    } catch {
      error.textContent = this.dataset.failed;
      error.hidden = false;
    }
  }

  async ceremony() {
    if (this.dataset.ceremony === "login") {
      const answer = await fetch(this.form.action, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      return get((await answer.json()).request_options);
    }
    const data = JSON.parse(document.getElementById(this.dataset.options).textContent);
    return this.dataset.ceremony === "create"
      ? create(data.creation_options)
      : get(data.request_options);
  }
}

if (!customElements.get("rz-passkey")) customElements.define("rz-passkey", Passkey);
