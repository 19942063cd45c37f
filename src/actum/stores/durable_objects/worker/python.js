// Starts Python in a local workerd, from what the configuration embeds. On Cloudflare, entry.py does this.
import { loadPyodide } from "./pyodide.mjs";
import createPyodideModule from "./pyodide.asm.mjs";
import interpreter from "./pyodide.asm.wasm";
import standardLibrary from "./python_stdlib.zip";
import lockFile from "./pyodide-lock.json";
import msgspec from "./msgspec.whl";
import application from "./application.zip";
import { outside } from "./outside.js";

const NOWHERE = "https://pyodide.invalid/";
const ROOT = "/application";

// Pyodide requests its parts by URL, but nothing may be fetched.
function answerFromWhatIsEmbedded() {
  globalThis.location = new URL(NOWHERE);
  globalThis.fetch = async (asked) =>
    new Response(String(asked.url ?? asked).endsWith(".zip") ? standardLibrary : new Uint8Array(1));
}

// workerd compiles WebAssembly when it starts; after that, only through this binding.
function compileThrough(binding) {
  const { Module, instantiate } = WebAssembly;
  const compile = (bytes) => binding.newWasmModule(bytes);
  WebAssembly.instantiateStreaming = async (_, imports) => ({
    module: interpreter,
    instance: await instantiate.call(WebAssembly, interpreter, imports),
  });
  WebAssembly.instantiate = async (source, imports) => {
    if (source instanceof Module) return instantiate.call(WebAssembly, source, imports);
    const module = compile(source);
    return { module, instance: await instantiate.call(WebAssembly, module, imports) };
  };
  WebAssembly.Module = new Proxy(Module, { construct: (_, [bytes]) => compile(bytes) });
}

export async function startPython(env) {
  answerFromWhatIsEmbedded();
  compileThrough(env.UNSAFE);
  const pyodide = await loadPyodide({
    indexURL: NOWHERE,
    packageBaseUrl: NOWHERE,
    lockFileContents: JSON.parse(lockFile),
    createPyodideModule,
  });
  pyodide.FS.mkdirTree(ROOT);
  pyodide.unpackArchive(msgspec, "wheel", { extractDir: ROOT });
  pyodide.unpackArchive(application, "zip", { extractDir: ROOT });
  pyodide.runPython(`import sys; sys.path.insert(0, "${ROOT}")`);
  const { ObjectRuntime } = pyodide.pyimport("actum.stores.durable_objects.object.opening");
  return ObjectRuntime(outside, pyodide.FS.readFile(`${ROOT}/manifest.json`, { encoding: "utf8" }));
}
