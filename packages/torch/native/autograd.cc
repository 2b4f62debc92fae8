// Backward passes, gradient mode, and autocast.
#include <torch/csrc/autograd/autograd.h>

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/function.h>

#include "addon.h"
#include "compat.h"
#include "slots.h"

namespace orrery {

namespace {

// An array of handles in which null stands for "none": gradients that default to ones.
std::vector<at::Tensor> optionalTensors(napi_env env, napi_value handles, const char* what) {
  uint32_t length = 0;
  check(env, napi_get_array_length(env, handles, &length));
  std::vector<at::Tensor> out(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value item;
    check(env, napi_get_element(env, handles, i, &item));
    if (!isNullish(env, item)) out[i] = tensorAt(env, item, what);
  }
  return out;
}

// backward(outputs[], gradients[] with nulls, retainGraph, createGraph, inputs[])
napi_value backward(napi_env env, napi_callback_info info) {
  Args<5> args(env, info);
  torch::autograd::backward(tensorsAt(env, args[0], "backward: output"),
                            optionalTensors(env, args[1], "backward: gradient"), toBool(env, args[2]),
                            toBool(env, args[3]), tensorsAt(env, args[4], "backward: input"));
  return undefined(env);
}

// grads(outputs[], inputs[], gradients[] with nulls, retainGraph, createGraph, allowUnused): handles, null where unused
napi_value grads(napi_env env, napi_callback_info info) {
  Args<6> args(env, info);
  const auto found = torch::autograd::grad(
      tensorsAt(env, args[0], "grads: output"), tensorsAt(env, args[1], "grads: input"),
      optionalTensors(env, args[2], "grads: gradient"), toBool(env, args[3]), toBool(env, args[4]), toBool(env, args[5]));
  return fromList(env, found, [](napi_env e, const at::Tensor& t) {
    return t.defined() ? fromInt32(e, hold(t)) : undefined(e);
  });
}

napi_value requiresGrad(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromBool(env, tensorAt(env, args[0]).requires_grad());
}

napi_value setRequiresGrad(napi_env env, napi_callback_info info) {
  Args<2> args(env, info);
  const at::Tensor& t = tensorAt(env, args[0]);
  const bool wanted = toBool(env, args[1]);
  if (!t.is_leaf() && !wanted) {
    throw UsageError("requiresGrad: only leaf tensors can stop requiring a gradient. Use detach() instead");
  }
  t.set_requires_grad(wanted);
  return undefined(env);
}

napi_value isLeaf(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  return fromBool(env, tensorAt(env, args[0]).is_leaf());
}

napi_value gradFnName(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  const auto node = tensorAt(env, args[0]).grad_fn();
  return node ? fromString(env, node->name()) : undefined(env);
}

// The handle of .grad, or undefined. Non-leaf tensors have none, and asking libtorch would only print a warning.
napi_value grad(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  const at::Tensor& t = tensorAt(env, args[0]);
  if (!t.is_leaf() && !t.retains_grad()) return undefined(env);
  const at::Tensor& g = t.grad();
  return g.defined() ? fromInt32(env, hold(g)) : undefined(env);
}

napi_value setGrad(napi_env env, napi_callback_info info) {
  Args<2> args(env, info);
  const at::Tensor& t = tensorAt(env, args[0]);
  if (isNullish(env, args[1])) {
    t.mutable_grad() = at::Tensor();
    return undefined(env);
  }
  const at::Tensor& g = tensorAt(env, args[1], "grad");
  if (!g.sizes().equals(t.sizes())) throw UsageError("grad: a gradient must have the shape of its tensor");
  t.mutable_grad() = g;
  return undefined(env);
}

// setGradEnabled(enabled): returns the former state
napi_value setGradEnabled(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  const bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(toBool(env, args[0]));
  return fromBool(env, before);
}

napi_value isGradEnabled(napi_env env, napi_callback_info) { return fromBool(env, at::GradMode::is_enabled()); }

// enterAutocast("cpu" | "cuda", dtype code, enabled): returns [enabled, dtype] as they were, for exitAutocast
napi_value enterAutocast(napi_env env, napi_callback_info info) {
  Args<3> args(env, info);
  const auto device = c10::Device(toString(env, args[0])).type();
  const auto before = compat::getAutocast(device);
  at::autocast::increment_nesting();
  compat::setAutocast(device, {toBool(env, args[2]), static_cast<at::ScalarType>(toInt32(env, args[1]))});
  return fromInts(env, {before.enabled, static_cast<int64_t>(before.dtype)});
}

napi_value exitAutocast(napi_env env, napi_callback_info info) {
  Args<2> args(env, info);
  const auto before = toInts(env, args[1]);
  compat::setAutocast(c10::Device(toString(env, args[0])).type(),
                      {before.at(0) != 0, static_cast<at::ScalarType>(before.at(1))});
  // Weights cast inside are cached until the outermost autocast ends; an optimiser step makes them stale.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  return undefined(env);
}

}  // namespace

void exportAutograd(napi_env env, napi_value exports) {
  exportFunction<backward>(env, exports, "backward");
  exportFunction<grads>(env, exports, "grads");
  exportFunction<requiresGrad>(env, exports, "requiresGrad");
  exportFunction<setRequiresGrad>(env, exports, "setRequiresGrad");
  exportFunction<isLeaf>(env, exports, "isLeaf");
  exportFunction<gradFnName>(env, exports, "gradFnName");
  exportFunction<grad>(env, exports, "grad");
  exportFunction<setGrad>(env, exports, "setGrad");
  exportFunction<setGradEnabled>(env, exports, "setGradEnabled");
  exportFunction<isGradEnabled>(env, exports, "isGradEnabled");
  exportFunction<enterAutocast>(env, exports, "enterAutocast");
  exportFunction<exitAutocast>(env, exports, "exitAutocast");
}

}  // namespace orrery
