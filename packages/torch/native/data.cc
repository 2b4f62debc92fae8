// Bytes in and out of tensors, what a tensor looks like, and freeing.
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstring>
#include <mutex>
#include <unordered_set>

#include "addon.h"
#include "slots.h"

namespace orrery {

namespace {

at::ScalarType dtypeOf(napi_env env, napi_value code) { return static_cast<at::ScalarType>(toInt32(env, code)); }

struct Bytes {
  void* data;
  size_t size;
};

// A tensor's last user may be an autograd thread, but a JS reference may only be dropped on its own thread: dropped
// ones wait here until that thread next calls in.
struct SharedBuffers {
  std::mutex mutex;
  std::vector<napi_ref> dead;

  void drain(napi_env env) {
    std::lock_guard<std::mutex> lock(mutex);
    for (napi_ref ref : dead) napi_delete_reference(env, ref);
    dead.clear();
  }
};
thread_local std::shared_ptr<SharedBuffers> sharedBuffers = std::make_shared<SharedBuffers>();

Bytes bytesOf(napi_env env, napi_value typedArray) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  check(env, napi_get_typedarray_info(env, typedArray, &type, &length, &data, nullptr, nullptr));
  static const size_t width[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  return {data, length * width[type]};
}

// fromBytes(typedArray, shape, dtype code, share): a CPU tensor over or from the array's bytes
napi_value fromBytes(napi_env env, napi_callback_info info) {
  Args<4> args(env, info);
  sharedBuffers->drain(env);
  const Bytes bytes = bytesOf(env, args[0]);
  const auto shape = toInts(env, args[1]);
  const auto options = at::TensorOptions().dtype(dtypeOf(env, args[2]));
  int64_t numel = 1;
  for (const int64_t size : shape) numel *= size;
  if (static_cast<size_t>(numel) * options.dtype().itemsize() != bytes.size) {
    throw UsageError("fromTyped: the shape needs " + std::to_string(numel * options.dtype().itemsize()) +
                     " bytes, the array has " + std::to_string(bytes.size));
  }
  if (toBool(env, args[3]) && bytes.size > 0) {
    napi_ref ref;
    check(env, napi_create_reference(env, args[0], 1, &ref));
    const auto release = [ref, buffers = sharedBuffers](void*) {
      std::lock_guard<std::mutex> lock(buffers->mutex);
      buffers->dead.push_back(ref);
    };
    return fromInt32(env, hold(at::from_blob(bytes.data, shape, release, options)));
  }
  at::Tensor t = at::empty(shape, options);
  if (bytes.size > 0) std::memcpy(t.data_ptr(), bytes.data, bytes.size);
  return fromInt32(env, hold(std::move(t)));
}

// copyOut(handle, typedArray, dtype code of the array): converts dtype, layout and device in one copy
napi_value copyOut(napi_env env, napi_callback_info info) {
  Args<3> args(env, info);
  const at::Tensor& t = tensorAt(env, args[0]);
  const Bytes bytes = bytesOf(env, args[1]);
  const auto dtype = dtypeOf(env, args[2]);
  if (static_cast<size_t>(t.numel()) * c10::elementSize(dtype) != bytes.size) {
    throw UsageError("internal: copyOut was given an array of the wrong size. Please report this");
  }
  if (bytes.size == 0) return undefined(env);
  if (t.is_cpu() && t.scalar_type() == dtype && t.is_contiguous() && !t.is_neg() && !t.is_conj()) {
    std::memcpy(bytes.data, t.data_ptr(), bytes.size);
    return undefined(env);
  }
  at::NoGradGuard noGrad;
  at::from_blob(bytes.data, t.sizes(), at::TensorOptions().dtype(dtype)).copy_(t);
  return undefined(env);
}

napi_value free(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  tensors().remove(toInt32(env, args[0]));
  return undefined(env);
}

// freeMany(Int32Array of handles, count)
napi_value freeMany(napi_env env, napi_callback_info info) {
  Args<2> args(env, info);
  const auto* handles = static_cast<const int32_t*>(bytesOf(env, args[0]).data);
  const int32_t count = toInt32(env, args[1]);
  for (int32_t i = 0; i < count; i++) tensors().remove(handles[i]);
  return undefined(env);
}

napi_value shape(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromInts(env, tensorAt(env, args[0]).sizes().vec());
}

napi_value strides(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromInts(env, tensorAt(env, args[0]).strides().vec());
}

napi_value size(napi_env env, napi_callback_info info) {
  Args<2> args(env, info);
  return fromDouble(env, static_cast<double>(tensorAt(env, args[0]).size(toInt32(env, args[1]))));
}

napi_value rank(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromInt32(env, static_cast<int32_t>(tensorAt(env, args[0]).dim()));
}

napi_value numel(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromDouble(env, static_cast<double>(tensorAt(env, args[0]).numel()));
}

napi_value isContiguous(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromBool(env, tensorAt(env, args[0]).is_contiguous());
}

napi_value isDefined(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromBool(env, tensorAt(env, args[0]).defined());
}

napi_value dtype(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromInt32(env, static_cast<int32_t>(tensorAt(env, args[0]).scalar_type()));
}

napi_value device(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromString(env, tensorAt(env, args[0]).device().str());
}

// Where the first element lies, to tell views of one storage from copies.
napi_value dataPointer(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  napi_value out;
  check(env, napi_create_bigint_uint64(env, reinterpret_cast<uintptr_t>(tensorAt(env, args[0]).data_ptr()), &out));
  return out;
}

napi_value liveTensorCount(napi_env env, napi_callback_info) {
  return fromDouble(env, static_cast<double>(tensors().live()));
}

// Bytes of the storages that JS handles keep alive, each storage counted once.
napi_value liveTensorBytes(napi_env env, napi_callback_info) {
  std::unordered_set<const void*> seen;
  double total = 0;
  for (size_t i = 1; i < tensors().size(); i++) {
    const auto handle = static_cast<int32_t>(i);
    if (!tensors().has(handle)) continue;
    const at::Tensor& t = tensors()[handle];
    if (!t.defined() || !t.has_storage()) continue;
    if (seen.insert(t.storage().unsafeGetStorageImpl()).second) total += static_cast<double>(t.storage().nbytes());
  }
  return fromDouble(env, total);
}

}  // namespace

void exportData(napi_env env, napi_value exports) {
  exportFunction<fromBytes>(env, exports, "fromBytes");
  exportFunction<copyOut>(env, exports, "copyOut");
  exportFunction<free>(env, exports, "free");
  exportFunction<freeMany>(env, exports, "freeMany");
  exportFunction<shape>(env, exports, "shape");
  exportFunction<strides>(env, exports, "strides");
  exportFunction<size>(env, exports, "size");
  exportFunction<rank>(env, exports, "rank");
  exportFunction<numel>(env, exports, "numel");
  exportFunction<isContiguous>(env, exports, "isContiguous");
  exportFunction<isDefined>(env, exports, "isDefined");
  exportFunction<dtype>(env, exports, "dtype");
  exportFunction<device>(env, exports, "device");
  exportFunction<dataPointer>(env, exports, "dataPointer");
  exportFunction<liveTensorCount>(env, exports, "liveTensorCount");
  exportFunction<liveTensorBytes>(env, exports, "liveTensorBytes");
}

}  // namespace orrery
