// What programs in Node.js have besides: a store in a file. `import … from "comity-sdk/node"`.
export { FileStore } from "./file-store.js";
