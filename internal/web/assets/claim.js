// Takes the code of a merchant's link from behind the #, which browsers send to nobody,
// and keeps it in this tab until somebody is signed in to use it.
const code = new URLSearchParams(location.hash.slice(1)).get("claim");
if (code) {
  sessionStorage.setItem("claim", code);
  history.replaceState(null, "", location.pathname + location.search);
}
const field = document.querySelector("#code[data-claim]");
if (field && sessionStorage.getItem("claim")) {
  field.value = sessionStorage.getItem("claim");
  sessionStorage.removeItem("claim");
}
