// GraphiQL at a door: a log-in form that fetches a token, and the door's examples as tabs.
"use strict";

const settings = JSON.parse(document.getElementById("settings").textContent);
const form = document.getElementById("log-in");
const state = document.getElementById("state");
const kept = `coalition:${settings.door}:token`;
let token = sessionStorage.getItem(kept);
let challenge = null;

form.who.value = settings.logIn;
if (token) state.textContent = "Logged in.";

async function post(path, body, headers = { "Content-Type": "application/json" }) {
  const response = await fetch(path, { method: "POST", headers, body });
  const answer = await response.json();
  if (response.ok) return answer;
  const error = answer.errors ? answer.errors[0].message : answer.error_description;
  throw new Error(error || response.statusText);
}

function asSystem(who, secret) {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: who,
    client_secret: secret,
  });
  return post("/oauth/token", body, {});
}

function asStaff(email, password) {
  return post("/auth/staff", JSON.stringify({ email, password }));
}

// A member asks for a code first, and sends it as the secret then.
async function asMember(contact, code) {
  if (challenge === null) {
    challenge = (await post("/auth/codes", JSON.stringify({ contact }))).challenge;
    return null;
  }
  return post("/auth/member", JSON.stringify({ challenge, code }));
}

async function logIn(who, secret) {
  if (settings.door === "member") return asMember(who, secret);
  return who.includes("@") ? asStaff(who, secret) : asSystem(who, secret);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const answer = await logIn(form.who.value.trim(), form.secret.value.trim());
    if (answer === null) {
      state.textContent = "A code is in the server's log: type it as the secret.";
      form.secret.focus();
      return;
    }
    if (!answer.access_token) throw new Error("No member has this contact yet.");
    token = answer.access_token;
    challenge = null;
    form.secret.value = "";
    sessionStorage.setItem(kept, token);
    state.textContent = `Logged in for ${Math.round(answer.expires_in / 60)} minutes.`;
    show();
  } catch (error) {
    state.textContent = error.message;
  }
});

async function fetcher(operation) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(settings.path, {
    method: "POST",
    headers,
    body: JSON.stringify(operation),
  });
  if (response.status === 401) state.textContent = "Log in (again).";
  return response.json();
}

// What GraphiQL keeps lasts as long as the page: doors share an origin, but not their tabs.
function memory() {
  const kept = new Map();
  return {
    get length() {
      return kept.size;
    },
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
    clear: () => kept.clear(),
  };
}

const place = document.getElementById("graphiql");
let shown = 0;

// A new key makes GraphiQL read the schema anew, with the token.
function show() {
  shown += 1;
  ReactDOM.render(
    React.createElement(GraphiQL, {
      key: shown,
      fetcher,
      storage: memory(),
      defaultTabs: settings.examples,
      query: settings.examples[0].query, // what the first tab begins with
      variables: settings.examples[0].variables,
      defaultEditorToolsVisibility: "variables",
      isHeadersEditorEnabled: false,
      shouldPersistHeaders: false,
    }),
    place,
  );
}

show();
