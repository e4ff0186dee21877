// Takes the secret of an invitation from behind the # of the address, where no server sees it, into the form.

const page = document.querySelector("[data-become]");
const form = page.querySelector("[data-form]");
const secret = location.hash.slice(1);

if (form) {
  history.replaceState(null, "", location.pathname); // nobody reads it off the screen or the history
  form.elements.secret.value = secret;
  form.hidden = !secret;
  page.querySelector("[data-over]").hidden = Boolean(secret);
}
