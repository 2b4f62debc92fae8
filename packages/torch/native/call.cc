// Calls any operator through c10::Dispatcher.
//
// JS registers operator names once with bind() and then calls them by index; a name is looked up on its first
// call, so a table generated for one libtorch runs on another and only a missing operator throws.
#include <c10/util/Exception.h>

#include <memory>
#include <sstream>

#include "addon.h"
#include "convert.h"
#include "slots.h"

namespace orrery {

namespace {

constexpr size_t kMaxArguments = 40;  // the longest ATen schema has 31

struct Argument {
  Plan plan;
  std::string name;
  bool hasDefault = false;
  c10::IValue defaultValue;
};

struct Operator {
  std::string name;
  std::string overload;
  compat::Optional<c10::OperatorHandle> handle;
  std::vector<Argument> arguments;
  std::vector<bool> resultIsArgument;  // an in-place or out= result, which JS already holds
};

thread_local std::vector<Operator>* operators = nullptr;
thread_local torch::jit::Stack* reusedStack = nullptr;

void resolve(Operator& op) {
  const auto found = c10::Dispatcher::singleton().findSchema({op.name, op.overload});
  if (!found.has_value()) {
    throw UsageError("this libtorch (" TORCH_VERSION ") has no such operator");
  }
  for (const auto& argument : found->schema().arguments()) {
    Argument a;
    a.plan = planFor(argument.type(), argument.N());
    a.name = argument.name();
    if (argument.default_value().has_value()) {
      a.hasDefault = true;
      a.defaultValue = *argument.default_value();
    }
    op.arguments.push_back(std::move(a));
  }
  if (op.arguments.size() >= kMaxArguments) throw UsageError("internal: too many arguments. Please report this");
  for (const auto& result : found->schema().returns()) {
    op.resultIsArgument.push_back(result.alias_info() && result.alias_info()->isWrite());
  }
  op.handle = *found;
}

std::string describeTensor(const at::Tensor& t) {
  if (!t.defined()) return "undefined";
  std::ostringstream out;
  std::string dtype = c10::toString(t.scalar_type());
  for (auto& c : dtype) c = static_cast<char>(std::tolower(c));
  out << dtype << " [";
  for (int64_t i = 0; i < t.dim(); i++) out << (i ? ", " : "") << t.size(i);
  out << "]";
  if (!t.is_cpu()) out << " on " << t.device();
  return out.str();
}

// "self: float [2, 3], mat2: float [4, 5]": read from the JS arguments, since a failed call may have eaten its stack.
std::string describeTensorArguments(const Operator& op, const Args<kMaxArguments>& args) {
  std::string out;
  const auto append = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  for (size_t i = 0; i < op.arguments.size() && i + 1 < args.count; i++) {
    const Plan& plan = op.arguments[i].plan;
    int32_t handle = 0;
    if (plan.kind == Kind::Tensor && napi_get_value_int32(args.env, args[i + 1], &handle) == napi_ok &&
        tensors().has(handle)) {
      append(op.arguments[i].name + ": " + describeTensor(tensors()[handle]));
    }
    bool isArray = false;
    if (plan.kind == Kind::List && plan.element == Kind::Tensor && !plan.optionalElement &&
        napi_is_array(args.env, args[i + 1], &isArray) == napi_ok && isArray) {
      std::string items;
      for (const at::Tensor& t : tensorsAt(args.env, args[i + 1], "list item")) {
        items += (items.empty() ? "" : "; ") + describeTensor(t);
      }
      append(op.arguments[i].name + ": (" + items + ")");
    }
  }
  return out;
}

void pushArguments(const Operator& op, const Args<kMaxArguments>& args, torch::jit::Stack& stack) {
  for (size_t i = 0; i < op.arguments.size(); i++) {
    const Argument& argument = op.arguments[i];
    const bool given = i + 1 < args.count;
    try {
      // An absent argument takes the schema's default; only then is its JS type looked at twice.
      if (argument.hasDefault && (!given || typeOf(args.env, args[i + 1]) == napi_undefined)) {
        stack.push_back(argument.defaultValue);
      } else {
        stack.push_back(toIValue(args.env, args[i + 1], argument.plan));
      }
    } catch (const UsageError& e) {
      throw UsageError("argument \"" + argument.name + "\" " + e.what());
    }
  }
}

napi_value popResults(napi_env env, const Operator& op, torch::jit::Stack& stack) {
  const auto convert = [&](size_t i) {
    return op.resultIsArgument[i] ? undefined(env) : fromIValue(env, stack[i]);
  };
  if (stack.empty()) return undefined(env);
  if (stack.size() == 1) return convert(0);
  napi_value out;
  check(env, napi_create_array_with_length(env, stack.size(), &out));
  for (size_t i = 0; i < stack.size(); i++) check(env, napi_set_element(env, out, i, convert(i)));
  return out;
}

// call(index, ...arguments in schema order): trailing ones may be left out.
napi_value call(napi_env env, napi_callback_info info) {
  const Args<kMaxArguments> args(env, info);
  const int32_t index = toInt32(env, args[0]);
  Operator& op = operators->at(index);
  // Backward hooks could call back into JS one day; a nested call must not share the stack.
  torch::jit::Stack local;
  torch::jit::Stack& stack = reusedStack ? *std::exchange(reusedStack, nullptr) : local;
  struct GiveBack {
    torch::jit::Stack* stack;
    bool reused;
    ~GiveBack() {
      stack->clear();
      if (reused) reusedStack = stack;
    }
  } giveBack{&stack, &stack != &local};
  try {
    if (!op.handle.has_value()) resolve(op);
    pushArguments(op, args, stack);
    op.handle->callBoxed(stack);
    return popResults(env, op, stack);
  } catch (const PendingException&) {
    throw;
  } catch (...) {
    const std::string text = currentExceptionText();
    const std::string shapes = describeTensorArguments(op, args);
    std::string where = op.name.substr(op.name.find("::") + 2);
    if (!op.overload.empty()) where += "." + op.overload;
    throw UsageError(where + ": " + text + (shapes.empty() ? "" : " (" + shapes + ")"));
  }
}

// bind(["aten::add.Tensor", …]): returns the index of the first name.
napi_value bind(napi_env env, napi_callback_info info) {
  Args<1> args(env, info);
  uint32_t length = 0;
  check(env, napi_get_array_length(env, args[0], &length));
  const size_t first = operators->size();
  operators->reserve(first + length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value item;
    check(env, napi_get_element(env, args[0], i, &item));
    const std::string full = toString(env, item);
    const size_t dot = full.find('.');
    Operator op;
    op.name = full.substr(0, dot);
    op.overload = dot == std::string::npos ? "" : full.substr(dot + 1);
    operators->push_back(std::move(op));
  }
  return fromInt32(env, static_cast<int32_t>(first));
}

}  // namespace

void exportCall(napi_env env, napi_value exports) {
  operators = new std::vector<Operator>();
  reusedStack = new torch::jit::Stack();
  exportFunction<bind>(env, exports, "bind");
  exportFunction<call>(env, exports, "call");
}

}  // namespace orrery
