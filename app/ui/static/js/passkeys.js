// Passkeys: a form marked data-passkey fetches its question, lets the device ask for a finger or a PIN, and goes out with
// the answer. Until this script has looked, and where a browser has no passkeys, such a form stays hidden.
const can = window.PublicKeyCredential?.parseCreationOptionsFromJSON && window.PublicKeyCredential.parseRequestOptionsFromJSON;
const show = () => {
  for (const part of document.querySelectorAll("[data-passkey], [data-passkey-part]")) part.hidden = !can;
};
show();

let busy = false;

const tell = (form, text) => {
  const box = form.querySelector("[data-passkey-says]");
  box.querySelector("[data-passkey-words]").textContent = text;
  box.hidden = !text;
};

const asked = async (form) => {
  const answer = await fetch(form.dataset.passkeyOptions, { method: "POST", body: new FormData(form) });
  if (!answer.headers.get("Content-Type")?.startsWith("application/json")) {
    window.location.reload(); // signed out meanwhile, or a proof is asked for first
    return null;
  }
  const said = await answer.json();
  if (!answer.ok) tell(form, said.error);
  return answer.ok ? said : null;
};

const answered = (form, said) =>
  form.dataset.passkey === "create"
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(said) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(said) });

const run = async (form) => {
  tell(form, "");
  try {
    const said = await asked(form);
    if (!said) return;
    const credential = await answered(form, said);
    form.elements.proof_answer.value = JSON.stringify(credential.toJSON());
    form.requestSubmit();
  } catch (error) {
    tell(form, error.name === "InvalidStateError" ? form.dataset.passkeyTwice : form.dataset.passkeyStopped);
  }
};

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    if (!form.matches?.("form[data-passkey]") || form.elements.proof_answer.value) return;
    event.preventDefault();
    if (busy || !can) return;
    busy = true;
    await run(form);
    busy = false;
  },
  true,
);

// Back from the browser's memory: an answer is good once.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-passkey]")) form.elements.proof_answer.value = "";
});
