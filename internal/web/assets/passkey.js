// Makes and uses passkeys. A form says where to ask (data-passkey) and whether one is made
// (create) or used (get); the server checks everything.
const known = globalThis.PublicKeyCredential;
const read = { create: known?.parseCreationOptionsFromJSON, get: known?.parseRequestOptionsFromJSON };

// Refusal is what the server says in the reader's language; other errors are the browser's own.
class Refusal extends Error {}

async function post(url, body) {
  const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const said = await answer.json();
  if (said.error) {
    if (said.to) location.assign(said.to);
    throw new Refusal(said.error);
  }
  return said;
}

async function use(form) {
  const { passkey, kind } = form.dataset;
  const fields = Object.fromEntries(new FormData(form));
  const options = await post(`${passkey}/begin`, { login: fields.login, name: fields.name });
  const publicKey = read[kind].call(known, options);
  const credential = (await navigator.credentials[kind]({ publicKey })).toJSON();
  const answer = "named" in form.dataset ? { name: fields.name, credential } : credential;
  const { to } = await post(`${passkey}/finish?${new URLSearchParams({ to: fields.to ?? "" })}`, answer);
  location.assign(to);
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  const button = form.querySelector("[data-passkey-button]");
  const problem = form.querySelector("[data-passkey-problem]");
  button?.addEventListener("click", async () => {
    const needed = [...form.querySelectorAll("#login, #name, #passkey-name")].filter((f) => form.dataset.kind === "create" || f.id === "passkey-name");
    if (needed.some((f) => !f.reportValidity())) return;
    problem.hidden = true;
    button.disabled = true;
    try {
      if (!read[form.dataset.kind]) throw new Refusal(problem.dataset.unknown);
      await use(form);
    } catch (e) {
      problem.textContent = e instanceof Refusal ? e.message : problem.dataset.stopped;
      problem.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}
