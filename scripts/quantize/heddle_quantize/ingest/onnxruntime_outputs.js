// SPDX-License-Identifier: Apache-2.0
// node onnxruntime_outputs.js FOLDER: runs the model that FOLDER/request.json names in ONNX Runtime, without its
// graph optimisations, on the inputs that lie in FOLDER; writes every output there, and response.json.
'use strict';
const fs = require('fs');
const path = require('path');
const folder = process.argv[2];
const request = JSON.parse(fs.readFileSync(path.join(folder, 'request.json')));
const ort = require(request.library);
const ARRAYS = {
  float32: Float32Array, float64: Float64Array, int64: BigInt64Array, uint64: BigUint64Array, int32: Int32Array,
  uint32: Uint32Array, int16: Int16Array, uint16: Uint16Array, float16: Uint16Array, int8: Int8Array,
  uint8: Uint8Array, bool: Uint8Array,
};

function tensor(entry) {
  const bytes = fs.readFileSync(path.join(folder, entry.file));
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return new ort.Tensor(entry.type, new ARRAYS[entry.type](copy), entry.shape);
}

async function main() {
  const session = await ort.InferenceSession.create(request.model, {
    graphOptimizationLevel: 'disabled', executionProviders: ['cpu'], logSeverityLevel: 3, intraOpNumThreads: 1,
  });
  const feeds = {};
  for (const entry of request.inputs) feeds[entry.name] = tensor(entry);
  const results = await session.run(feeds);
  const outputs = session.outputNames.map((name, i) => {
    const { type, dims, data } = results[name];
    const file = `output${i}.bin`;
    fs.writeFileSync(path.join(folder, file), Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return { name, type, shape: dims, file };
  });
  fs.writeFileSync(path.join(folder, 'response.json'), JSON.stringify({ outputs, version: ort.env.versions.node }));
}

main().catch((error) => {
  process.stderr.write(String(error.message || error).replace(/\s+/g, ' ') + '\n');
  process.exit(1);
});
