using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "actum", worker = .actum),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [(name = "http", http = (), service = "actum")],
);

const actum :Workerd.Worker = (
  modules = [
    (name = "shell.js", esModule = embed "shell.js"),
    (name = "python.js", esModule = embed "python.js"),
    (name = "outside.js", esModule = embed "outside.js"),
    (name = "pyodide.mjs", esModule = embed "pyodide.mjs"),
    (name = "pyodide.asm.mjs", esModule = embed "pyodide.asm.mjs"),
    (name = "pyodide.asm.wasm", wasm = embed "pyodide.asm.wasm"),
    (name = "pyodide-lock.json", text = embed "pyodide-lock.json"),
    (name = "python_stdlib.zip", data = embed "python_stdlib.zip"),
    (name = "msgspec.whl", data = embed "msgspec.whl"),
    (name = "application.zip", data = embed "application.zip"),
  ],
  compatibilityDate = "2025-09-01",
  compatibilityFlags = ["nodejs_compat"],
  durableObjectNamespaces = [
    (className = "EntityObject", uniqueKey = "actum-entities", enableSql = true),
    (className = "FeedObject", uniqueKey = "actum-feed", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "ENTITIES", durableObjectNamespace = "EntityObject"),
    (name = "FEED", durableObjectNamespace = "FeedObject"),
    (name = "ACTUM_SECRET", fromEnvironment = "ACTUM_SECRET"),
    (name = "UNSAFE", unsafeEval = void),
  ],
);
