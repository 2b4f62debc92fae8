// The functions each file gives to JS; addon.cc collects them into the module object.
#pragma once

#include "napi_util.h"

namespace orrery {

void exportCall(napi_env env, napi_value exports);      // call.cc: operators through the dispatcher
void exportSchemas(napi_env env, napi_value exports);   // schemas.cc: what operators exist
void exportAutograd(napi_env env, napi_value exports);  // autograd.cc: backward, grad mode, autocast
void exportData(napi_env env, napi_value exports);      // data.cc: bytes in and out, shapes, freeing
void exportRuntime(napi_env env, napi_value exports);   // runtime.cc: threads, seeds, devices, versions

template <Function F>
void exportFunction(napi_env env, napi_value exports, const char* name) {
  napi_value function;
  check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<F>, nullptr, &function));
  setNamed(env, exports, name, function);
}

}  // namespace orrery
