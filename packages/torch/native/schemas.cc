// What operators this libtorch has, as plain objects; the generator of src/generated reads them.
#include <algorithm>
#include <sstream>
#include <tuple>

#include "addon.h"
#include "compat.h"

namespace orrery {

namespace {

std::string textOf(const c10::FunctionSchema& schema) {
  std::ostringstream out;
  out << schema;
  return out.str();
}

// {name, type, writes, hasDefault, length}: `type` in schema language ("Tensor?", "int[]", "ScalarType")
napi_value describeArgument(napi_env env, const c10::Argument& argument) {
  napi_value out;
  check(env, napi_create_object(env, &out));
  setNamed(env, out, "name", fromString(env, argument.name()));
  setNamed(env, out, "type", fromString(env, argument.real_type()->str()));
  setNamed(env, out, "writes", fromBool(env, argument.alias_info() && argument.alias_info()->isWrite()));
  setNamed(env, out, "hasDefault", fromBool(env, argument.default_value().has_value()));
  setNamed(env, out, "length", fromInt32(env, argument.N() ? *argument.N() : 0));
  return out;
}

napi_value describe(napi_env env, const c10::FunctionSchema& schema) {
  napi_value out;
  check(env, napi_create_object(env, &out));
  setNamed(env, out, "name", fromString(env, schema.name()));
  setNamed(env, out, "overload", fromString(env, schema.overload_name()));
  setNamed(env, out, "schema", fromString(env, textOf(schema)));
  setNamed(env, out, "arguments", fromList(env, schema.arguments(), describeArgument));
  setNamed(env, out, "results", fromList(env, schema.returns(), describeArgument));
  return out;
}

// listOperators(namespace): every operator with a schema, sorted by name
napi_value listOperators(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  const std::string prefix = toString(env, args[0]) + "::";
  auto names = c10::Dispatcher::singleton().getAllOpNames();
  std::vector<c10::OperatorName> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end(), [](const c10::OperatorName& a, const c10::OperatorName& b) {
    return std::tie(a.name, a.overload_name) < std::tie(b.name, b.overload_name);
  });
  napi_value out;
  check(env, napi_create_array(env, &out));
  uint32_t count = 0;
  for (const auto& name : sorted) {
    if (name.name.rfind(prefix, 0) != 0) continue;
    const auto op = c10::Dispatcher::singleton().findSchema(name);
    if (op.has_value()) check(env, napi_set_element(env, out, count++, describe(env, op->schema())));
  }
  return out;
}

// findOperator(name, overload): the operator's description, or undefined
napi_value findOperator(napi_env env, napi_callback_info info) {
  Args<2> args(env, info);
  const auto op = c10::Dispatcher::singleton().findSchema({toString(env, args[0]), toString(env, args[1])});
  return op.has_value() ? describe(env, op->schema()) : undefined(env);
}

}  // namespace

void exportSchemas(napi_env env, napi_value exports) {
  exportFunction<listOperators>(env, exports, "listOperators");
  exportFunction<findOperator>(env, exports, "findOperator");
}

}  // namespace orrery
