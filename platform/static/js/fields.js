/* Fields say what is wrong as soon as one leaves them, in the page's words instead of the browser's.
 * The words: <template id="say-fields" data-missing="…" data-email="…">, and in it the mark before them. */

const template = document.getElementById("say-fields");
const words = template.dataset;

function complaint({ validity, type, validationMessage }) {
  if (validity.valid) return "";
  if (validity.valueMissing) return words.missing;
  if (validity.typeMismatch && type === "email") return words.email;
  return validationMessage;
}

function check(input) {
  const field = input.closest(".field");
  const said = complaint(input);
  let place = field.querySelector(".field-errors");
  if (!said && !place) return;
  if (!place) {
    place = Object.assign(document.createElement("div"), { className: "field-errors", id: `${input.id}_said` });
    field.append(place);
    input.setAttribute("aria-describedby", [input.getAttribute("aria-describedby"), place.id].filter(Boolean).join(" "));
  }
  const text = Object.assign(document.createElement("span"), { textContent: said });
  place.replaceChildren(...(said ? [template.content.cloneNode(true), text] : []));
  if (said) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

const isField = (element) => element.matches?.(".field :is(input, textarea, select)");

document.addEventListener("focusout", ({ target }) => { if (isField(target) && target.value) check(target); });
document.addEventListener("input", ({ target }) => { if (isField(target) && target.ariaInvalid === "true") check(target); });
document.addEventListener("invalid", (event) => {
  if (!isField(event.target)) return;
  event.preventDefault();
  check(event.target);
  if (event.target === event.target.form.querySelector(":invalid")) event.target.focus();
}, true);
