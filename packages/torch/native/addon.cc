// Module entry, the handle tables, and the translation of C++ exceptions into JS errors.
#include "addon.h"

#include <c10/util/Exception.h>

#include "slots.h"

namespace orrery {

namespace {

// Heap-allocated and emptied by the environment's clean-up hook: thread-exit destructors would run after
// libtorch's own statics are gone.
thread_local SlotTable<at::Tensor>* tensorTable = nullptr;
thread_local SlotTable<at::Generator>* generatorTable = nullptr;
thread_local napi_ref errorClass = nullptr;

void cleanUp(void*) {
  tensorTable->clear();
  generatorTable->clear();
}

}  // namespace

SlotTable<at::Tensor>& tensors() { return *tensorTable; }
SlotTable<at::Generator>& generators() { return *generatorTable; }

const at::Tensor& tensorAt(napi_env env, napi_value value, const char* what) {
  int32_t handle = 0;
  if (napi_get_value_int32(env, value, &handle) != napi_ok) {
    throw UsageError(std::string(what) + " must be a Tensor");
  }
  if (!tensors().has(handle)) {
    throw UsageError(std::string(what) +
                     " was freed already (by free() or at the end of a scope). Return it from the scope, or keep() it");
  }
  return tensors()[handle];
}

std::vector<at::Tensor> tensorsAt(napi_env env, napi_value handles, const char* what) {
  uint32_t length = 0;
  check(env, napi_get_array_length(env, handles, &length));
  std::vector<at::Tensor> out;
  out.reserve(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value item;
    check(env, napi_get_element(env, handles, i, &item));
    out.push_back(tensorAt(env, item, what));
  }
  return out;
}

std::string currentExceptionText() {
  std::string text;
  try {
    throw;
  } catch (const c10::Error& e) {
    text = e.what_without_backtrace();
  } catch (const std::bad_alloc&) {
    text = "out of memory";
  } catch (const std::exception& e) {
    text = e.what();
  } catch (...) {
    text = "unknown C++ exception";
  }
  return text.substr(0, text.find('\n'));
}

void throwToJs(napi_env env, const std::string& message) {
  napi_value text = fromString(env, message);
  napi_value type = nullptr;
  napi_value error = nullptr;
  if (errorClass && napi_get_reference_value(env, errorClass, &type) == napi_ok &&
      napi_new_instance(env, type, 1, &text, &error) == napi_ok) {
    napi_throw(env, error);
    return;
  }
  napi_throw_error(env, nullptr, message.c_str());
}

napi_value setErrorClass(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  check(env, napi_create_reference(env, args[0], 1, &errorClass));
  return undefined(env);
}

napi_value init(napi_env env, napi_value exports) {
  try {
    tensorTable = new SlotTable<at::Tensor>();
    generatorTable = new SlotTable<at::Generator>();
    check(env, napi_add_env_cleanup_hook(env, cleanUp, nullptr));
    exportFunction<setErrorClass>(env, exports, "setErrorClass");
    exportCall(env, exports);
    exportSchemas(env, exports);
    exportAutograd(env, exports);
    exportData(env, exports);
    exportRuntime(env, exports);
  } catch (...) {
    throwToJs(env, "loading the libtorch addon failed: " + currentExceptionText());
  }
  return exports;
}

}  // namespace orrery

NAPI_MODULE(orrery_torch, orrery::init)
