// Small helpers over Node-API: values in and out, and one place where C++ exceptions become JS errors.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace orrery {

// Thrown when the caller passed something unusable; its text is shown to the user as it stands.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A JS exception is already pending (Node-API reported it); unwind without raising another.
struct PendingException {};

inline void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) throw PendingException{};
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  throw UsageError(std::string("internal: Node-API said \"") +
                   (info && info->error_message ? info->error_message : "unknown") + "\". Please report this.");
}

// Throws `message` as the JS error class that the TypeScript side registered (TorchError).
void throwToJs(napi_env env, const std::string& message);
napi_value setErrorClass(napi_env env, napi_callback_info info);

// The text of the exception in flight: first line only, without libtorch's C++ backtrace.
std::string currentExceptionText();

// Arguments of one call. Reading past the end gives undefined, as in JS.
template <size_t Max>
struct Args {
  napi_env env;
  size_t count = Max;
  napi_value values[Max];

  Args(napi_env e, napi_callback_info info) : env(e) {
    check(env, napi_get_cb_info(env, info, &count, values, nullptr, nullptr));
  }
  napi_value operator[](size_t i) const { return values[i]; }
};

inline napi_valuetype typeOf(napi_env env, napi_value v) {
  napi_valuetype type;
  check(env, napi_typeof(env, v, &type));
  return type;
}

inline bool isNullish(napi_env env, napi_value v) {
  const napi_valuetype type = typeOf(env, v);
  return type == napi_undefined || type == napi_null;
}

inline int32_t toInt32(napi_env env, napi_value v) {
  int32_t out = 0;
  check(env, napi_get_value_int32(env, v, &out));
  return out;
}

inline bool toBool(napi_env env, napi_value v) {
  bool out = false;
  check(env, napi_get_value_bool(env, v, &out));
  return out;
}

inline double toDouble(napi_env env, napi_value v) {
  double out = 0;
  check(env, napi_get_value_double(env, v, &out));
  return out;
}

inline std::string toString(napi_env env, napi_value v) {
  size_t length = 0;
  check(env, napi_get_value_string_utf8(env, v, nullptr, 0, &length));
  std::string out(length, '\0');
  check(env, napi_get_value_string_utf8(env, v, &out[0], length + 1, &length));
  return out;
}

inline std::vector<int64_t> toInts(napi_env env, napi_value v) {
  uint32_t length = 0;
  check(env, napi_get_array_length(env, v, &length));
  std::vector<int64_t> out(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value item;
    check(env, napi_get_element(env, v, i, &item));
    check(env, napi_get_value_int64(env, item, &out[i]));
  }
  return out;
}

inline napi_value undefined(napi_env env) {
  napi_value out;
  check(env, napi_get_undefined(env, &out));
  return out;
}

inline napi_value fromInt32(napi_env env, int32_t v) {
  napi_value out;
  check(env, napi_create_int32(env, v, &out));
  return out;
}

inline napi_value fromDouble(napi_env env, double v) {
  napi_value out;
  check(env, napi_create_double(env, v, &out));
  return out;
}

inline napi_value fromBool(napi_env env, bool v) {
  napi_value out;
  check(env, napi_get_boolean(env, v, &out));
  return out;
}

inline napi_value fromString(napi_env env, const std::string& v) {
  napi_value out;
  check(env, napi_create_string_utf8(env, v.data(), v.size(), &out));
  return out;
}

template <class List, class Convert>
napi_value fromList(napi_env env, const List& list, Convert convert) {
  napi_value out;
  check(env, napi_create_array_with_length(env, list.size(), &out));
  uint32_t i = 0;
  for (const auto& item : list) check(env, napi_set_element(env, out, i++, convert(env, item)));
  return out;
}

inline napi_value fromInts(napi_env env, const std::vector<int64_t>& list) {
  return fromList(env, list, [](napi_env e, int64_t v) { return fromDouble(e, static_cast<double>(v)); });
}

inline void setNamed(napi_env env, napi_value object, const char* key, napi_value value) {
  check(env, napi_set_named_property(env, object, key, value));
}

// Wraps a function so that no C++ exception ever crosses into V8.
using Function = napi_value (*)(napi_env, napi_callback_info);
template <Function F>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return F(env, info);
  } catch (const PendingException&) {
  } catch (...) {
    throwToJs(env, currentExceptionText());
  }
  return nullptr;
}

}  // namespace orrery
