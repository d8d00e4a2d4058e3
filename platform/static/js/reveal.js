// Passwords can be looked at while they are typed: the button beside the field. Without this script
// there is no button, for it stands there hidden.

function turn(button) {
  const input = button.closest(".field").querySelector("input");
  const shown = input.type === "password";
  input.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", shown);
}

const offerToShow = () => document.querySelectorAll(".field-show").forEach((button) => { button.hidden = false; });

document.addEventListener("click", ({ target }) => { if (target.matches?.(".field-show")) turn(target); });
document.addEventListener("htmx:afterSwap", offerToShow);
offerToShow();
