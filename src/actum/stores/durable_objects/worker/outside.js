// What Python in an object asks of the platform. On its way to Python and back a promise would be converted, and so would
// a stub, which claims to have every property: so promises travel in a box, and stubs stay in JavaScript.
const SEPARATOR = "\0"; // No id and no JSON holds it.

async function ask(objects, name, body) {
  try {
    return "+" + (await objects.getByName(name).serve(body));
  } catch (error) {
    return "-" + error;
  }
}

async function askAll(objects, names, bodies) {
  const asked = names.split(SEPARATOR);
  const answers = await Promise.all(bodies.split(SEPARATOR).map((body, n) => ask(objects, asked[n], body)));
  return answers.join(SEPARATOR);
}

async function clear(storage) {
  await storage.deleteAlarm();
  await storage.deleteAll();
}

async function waitFor(promise, milliseconds) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

function latch() {
  const { promise, resolve } = Promise.withResolvers();
  return {
    open: () => resolve(),
    wait: (milliseconds) => ({ promise: waitFor(promise, milliseconds) }),
  };
}

export const outside = {
  now: () => Date.now(),
  ask_all: (objects, names, bodies) => ({ promise: askAll(objects, names, bodies) }),
  clear: (storage) => ({ promise: clear(storage) }),
  latch,
};
