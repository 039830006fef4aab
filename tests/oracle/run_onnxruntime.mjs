// Runs an ONNX network with onnxruntime-node, which is found in $NODE_PATH:
//     node run_onnxruntime.mjs NET.onnx INPUT.bin SHAPE INPUT_NAME OUTPUT_DIRECTORY
// INPUT.bin holds float32 values of the SHAPE, such as 1x3x416x416. Writes <number>.bin for each graph output, and
// outputs.json: a list of {name, shape} in the graph's order. Ends with 2 if onnxruntime-node is missing.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

function loadRuntime() {
  try {
    return createRequire(import.meta.url)("onnxruntime-node"); // an import would not look at NODE_PATH
  } catch (error) {
    console.error(`onnxruntime-node cannot be loaded: ${error.message.split("\n")[0]}`);
    process.exit(2);
  }
}

function readFloats(path) {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

const [modelPath, inputPath, shape, inputName, outputDirectory] = process.argv.slice(2);
const { InferenceSession, Tensor } = loadRuntime();
const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1, graphOptimizationLevel: "disabled" });
const input = new Tensor("float32", readFloats(inputPath), shape.split("x").map(Number));
const results = await session.run({ [inputName]: input });

const outputs = session.outputNames.map((name) => ({ name, shape: results[name].dims }));
outputs.forEach(({ name }, number) => {
  const { buffer, byteOffset, byteLength } = results[name].data;
  writeFileSync(join(outputDirectory, `${number}.bin`), new Uint8Array(buffer, byteOffset, byteLength));
});
writeFileSync(join(outputDirectory, "outputs.json"), JSON.stringify(outputs));
