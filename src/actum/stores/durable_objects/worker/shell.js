// The worker: its two classes of objects and its front. Each passes its calls to Python.
import { DurableObject } from "cloudflare:workers";
import { startPython } from "./python.js";

let starting;
let runtime;
let front;

async function python(env) {
  if (runtime !== undefined) return runtime;
  starting ??= startPython(env).catch((error) => {
    starting = undefined;
    throw error;
  });
  return (runtime = await starting);
}

// Python returns a promise in a box whenever it waits, and a string when it is done.
async function drive(task) {
  try {
    let result = task.resume();
    while (typeof result !== "string") {
      let value;
      let failure;
      try {
        value = await result.promise;
      } catch (error) {
        failure = String(error);
      }
      result = failure === undefined ? task.resume(value) : task.resume(undefined, failure);
    }
    return result;
  } finally {
    task.destroy();
  }
}

class PythonObject extends DurableObject {
  async serve(body) {
    const python_ = await python(this.env);
    this.object ??= this.open(python_);
    return drive(python_.start(this.object, "serve", body));
  }

  async alarm() {
    const python_ = await python(this.env);
    this.object ??= this.open(python_);
    await drive(python_.start(this.object, "alarm"));
  }
}

export class EntityObject extends PythonObject {
  open(python_) {
    return python_.open_entity(this.ctx, this.env);
  }
}

export class FeedObject extends PythonObject {
  open(python_) {
    return python_.open_feed(this.ctx, this.env);
  }
}

export default {
  async fetch(request, env) {
    const python_ = await python(env);
    front ??= python_.open_front(env);
    const path = new URL(request.url).pathname;
    const authorization = request.headers.get("authorization") ?? "";
    const answer = await drive(python_.start(front, "serve", path, authorization, await request.text()));
    return new Response(answer.slice(3), {
      status: Number(answer.slice(0, 3)),
      headers: { "content-type": "application/json" },
    });
  },
};
