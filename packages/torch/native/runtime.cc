// Threads, seeds and generators, devices, and what this libtorch is.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/empty.h>
#include <torch/version.h>

#include <cstring>

#include "addon.h"
#include "slots.h"

namespace orrery {

namespace {

napi_value version(napi_env env, napi_callback_info) { return fromString(env, TORCH_VERSION); }

napi_value buildConfig(napi_env env, napi_callback_info) { return fromString(env, at::show_config()); }

napi_value getNumThreads(napi_env env, napi_callback_info) { return fromInt32(env, at::get_num_threads()); }

napi_value setNumThreads(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  const int32_t count = toInt32(env, args[0]);
  if (count < 1) throw UsageError("setNumThreads: the number must be at least 1, got " + std::to_string(count));
  at::set_num_threads(count);
  return undefined(env);
}

napi_value getNumInteropThreads(napi_env env, napi_callback_info) {
  return fromInt32(env, at::get_num_interop_threads());
}

napi_value setNumInteropThreads(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  at::set_num_interop_threads(toInt32(env, args[0]));
  return undefined(env);
}

// Seeds are JS numbers; a negative or fractional one has no unsigned counterpart.
uint64_t toSeed(napi_env env, napi_value value) {
  const double seed = toDouble(env, value);
  if (!(seed >= 0) || seed > 9007199254740991.0 || seed != static_cast<double>(static_cast<uint64_t>(seed))) {
    throw UsageError("manualSeed: the seed must be a whole number from 0 to 2^53 - 1");
  }
  return static_cast<uint64_t>(seed);
}

napi_value manualSeed(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  at::manual_seed(toSeed(env, args[0]));
  return undefined(env);
}

at::Generator& generatorAt(napi_env env, napi_value handle) {
  const int32_t index = toInt32(env, handle);
  if (!generators().has(index)) throw UsageError("the generator was freed already");
  return generators()[index];
}

// makeGenerator(device): a generator of its own, with libtorch's default seed
napi_value makeGenerator(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  const c10::Device device(toString(env, args[0]));
  return fromInt32(env, generators().add(at::globalContext().defaultGenerator(device).clone()));
}

napi_value defaultGenerator(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  const c10::Device device(toString(env, args[0]));
  return fromInt32(env, generators().add(at::globalContext().defaultGenerator(device)));
}

napi_value freeGenerator(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  generators().remove(toInt32(env, args[0]));
  return undefined(env);
}

napi_value seedGenerator(napi_env env, napi_callback_info info) {
  Args<2> args(env, info);
  at::Generator& generator = generatorAt(env, args[0]);
  std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed(toSeed(env, args[1]));
  return undefined(env);
}

napi_value generatorSeed(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromDouble(env, static_cast<double>(generatorAt(env, args[0]).current_seed()));
}

// The state as a uint8 tensor; the TypeScript side copies it out.
napi_value generatorState(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromInt32(env, hold(generatorAt(env, args[0]).get_state()));
}

napi_value setGeneratorState(napi_env env, napi_callback_info info) {
  Args<2> args(env, info);
  generatorAt(env, args[0]).set_state(tensorAt(env, args[1], "generator state"));
  return undefined(env);
}

// The number of CUDA devices; 0 where libtorch was built without CUDA or no driver answers.
napi_value cudaDeviceCount(napi_env env, napi_callback_info) {
  if (!at::hasCUDA()) return fromInt32(env, 0);
  return fromInt32(env, at::detail::getCUDAHooks().getNumGPUs());
}

}  // namespace

void exportRuntime(napi_env env, napi_value exports) {
  exportFunction<version>(env, exports, "version");
  exportFunction<buildConfig>(env, exports, "buildConfig");
  exportFunction<getNumThreads>(env, exports, "getNumThreads");
  exportFunction<setNumThreads>(env, exports, "setNumThreads");
  exportFunction<getNumInteropThreads>(env, exports, "getNumInteropThreads");
  exportFunction<setNumInteropThreads>(env, exports, "setNumInteropThreads");
  exportFunction<manualSeed>(env, exports, "manualSeed");
  exportFunction<makeGenerator>(env, exports, "makeGenerator");
  exportFunction<defaultGenerator>(env, exports, "defaultGenerator");
  exportFunction<freeGenerator>(env, exports, "freeGenerator");
  exportFunction<seedGenerator>(env, exports, "seedGenerator");
  exportFunction<generatorSeed>(env, exports, "generatorSeed");
  exportFunction<generatorState>(env, exports, "generatorState");
  exportFunction<setGeneratorState>(env, exports, "setGeneratorState");
  exportFunction<cudaDeviceCount>(env, exports, "cudaDeviceCount");
}

}  // namespace orrery
