// Times ONNX Runtime on a case, see timing.py; onnxruntime-node is found in $NODE_PATH:
//     node onnxruntime.mjs FOLDER THREADS FRAMES OUTPUT.bin|-
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

const WARM_UP_FRAMES = 2;
const { InferenceSession, Tensor, env } = createRequire(import.meta.url)("onnxruntime-node");

const [folder, threads, frames, output] = process.argv.slice(2);
const session = await InferenceSession.create(join(folder, "network.onnx"), {
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
});
const bytes = readFileSync(join(folder, "input.bin"));
const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const shape = readFileSync(join(folder, "input.txt"), "utf8").trim().split(/\s+/).map(Number);
const feeds = { picture: new Tensor("float32", values, [1, ...shape]) };

let results;
for (let i = 0; i < WARM_UP_FRAMES; ++i) results = await session.run(feeds);
const milliseconds = [];
for (let i = 0; i < Number(frames); ++i) {
  const begin = performance.now();
  results = await session.run(feeds);
  milliseconds.push(performance.now() - begin);
}
const peak = 1024 * process.resourceUsage().maxRSS;
if (output !== "-") {
  const outputs = session.outputNames.map((name) => results[name].data);
  writeFileSync(output, Buffer.concat(outputs.map((d) => Buffer.from(d.buffer, d.byteOffset, d.byteLength))));
}
console.log(JSON.stringify({ milliseconds, peak_rss_bytes: peak, version: `ONNX Runtime ${env.versions.node}` }));
