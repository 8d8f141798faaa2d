//===- OnnxSchemaToTd.cpp - ONNX operator schemas to TableGen -------------===//
//
// onnx-schema-to-td CONTRIB.txt OUT.td OUT_TABLE.inc
//
// Writes the operator definitions of the onnx dialect: the newest version of
// every operator of ONNX's default domain, read from the ONNX library's own
// registry, and the com.microsoft operators described in CONTRIB.txt (format
// there). OUT_TABLE.inc gets the same information as C++ initialisers, for
// dialects/Onnx/OpTable.cpp.
//
// Runs while building; has no dependency but the ONNX library.
//
//===----------------------------------------------------------------------===//

#include "onnx/defs/schema.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

namespace {

struct Parameter {
  std::string name;
  bool optional = false;
  bool variadic = false;
};

struct Attribute {
  std::string name;
  std::string kind; // int, float, string, ints, floats, strings, tensor, type
  bool required = false;
  std::string defaultValue; // C++ literal, empty: none
};

struct Operator {
  std::string domain;
  std::string name;
  int sinceVersion = 1;
  std::vector<Parameter> operands, results;
  std::vector<Attribute> attributes;

  std::string mlirName() const { return (domain.empty() ? "" : "ms.") + name; }
  std::string className() const {
    return (domain.empty() ? "" : "Ms") + name + "Op";
  }
};

std::string quote(const std::string &text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string floatLiteral(float value) {
  std::ostringstream out;
  out.precision(9);
  out << value;
  std::string text = out.str();
  if (text.find_first_of(".e") == std::string::npos)
    text += ".0";
  return text + "f";
}

template <typename Range, typename Print>
std::string braced(const Range &values, Print print) {
  std::string text = "{";
  for (const auto &value : values)
    text += (text.size() > 1 ? ", " : "") + print(value);
  return text + "}";
}

//===----------------------------------------------------------------------===//
// From the ONNX registry
//===----------------------------------------------------------------------===//

using ::onnx::AttributeProto;
using ::onnx::OpSchema;

// The attribute's kind; empty if the dialect has no form for it (subgraphs,
// sparse tensors).
std::string attributeKind(AttributeProto::AttributeType type) {
  switch (type) {
  case AttributeProto::INT:
    return "int";
  case AttributeProto::FLOAT:
    return "float";
  case AttributeProto::STRING:
    return "string";
  case AttributeProto::INTS:
    return "ints";
  case AttributeProto::FLOATS:
    return "floats";
  case AttributeProto::STRINGS:
    return "strings";
  case AttributeProto::TENSOR:
    return "tensor";
  case AttributeProto::TYPE_PROTO:
    return "type";
  default:
    return "";
  }
}

std::string defaultLiteral(const AttributeProto &value) {
  switch (value.type()) {
  case AttributeProto::INT:
    return std::to_string(value.i());
  case AttributeProto::FLOAT:
    return floatLiteral(value.f());
  case AttributeProto::STRING:
    return quote(value.s());
  case AttributeProto::INTS:
    return braced(value.ints(), [](int64_t v) { return std::to_string(v); });
  case AttributeProto::FLOATS:
    return braced(value.floats(), floatLiteral);
  default:
    return "";
  }
}

bool acceptsTensors(const OpSchema::FormalParameter &parameter) {
  for (const std::string *type : parameter.GetTypes())
    if (type->rfind("tensor(", 0) == 0)
      return true;
  return false;
}

std::vector<Parameter>
convertParameters(const std::vector<OpSchema::FormalParameter> &formals) {
  std::vector<Parameter> parameters;
  for (const auto &formal : formals)
    parameters.push_back({formal.GetName(),
                          formal.GetOption() == OpSchema::Optional,
                          formal.GetOption() == OpSchema::Variadic});
  return parameters;
}

// False if the operator does not work on tensors alone (control flow,
// sequences, optionals): it has no place in a tensor dialect, and import
// rejects it by name.
bool convertSchema(const OpSchema &schema, Operator &op) {
  for (const auto *formals : {&schema.inputs(), &schema.outputs()})
    for (const auto &formal : *formals)
      if (!acceptsTensors(formal))
        return false;
  op.name = schema.Name();
  op.sinceVersion = schema.SinceVersion();
  op.operands = convertParameters(schema.inputs());
  op.results = convertParameters(schema.outputs());
  for (const auto &[name, attribute] : schema.attributes()) {
    std::string kind = attributeKind(attribute.type);
    if (kind.empty()) {
      if (attribute.required)
        return false;
      continue;
    }
    op.attributes.push_back({name, kind, attribute.required,
                             attribute.default_value.has_name() ||
                                     attribute.default_value.has_type()
                                 ? defaultLiteral(attribute.default_value)
                                 : ""});
  }
  // The registry's own order is that of a hash table.
  std::sort(
      op.attributes.begin(), op.attributes.end(),
      [](const Attribute &a, const Attribute &b) { return a.name < b.name; });
  return true;
}

int newestOpset() {
  return ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance()
      .Map()
      .at(::onnx::ONNX_DOMAIN)
      .second;
}

std::vector<Operator> readRegistry() {
  int newest = newestOpset();
  std::set<std::string> names;
  for (const OpSchema &schema :
       ::onnx::OpSchemaRegistry::get_all_schemas_with_history())
    if (schema.domain().empty())
      names.insert(schema.Name());
  std::vector<Operator> operators;
  for (const std::string &name : names) {
    const OpSchema *schema = ::onnx::OpSchemaRegistry::Schema(name, newest, "");
    Operator op;
    // onnx.Constant is written by hand: it keeps one of its many attributes.
    if (schema && !schema->deprecated() && name != "Constant" &&
        convertSchema(*schema, op))
      operators.push_back(std::move(op));
  }
  return operators;
}

//===----------------------------------------------------------------------===//
// From the contrib description
//===----------------------------------------------------------------------===//

Parameter parseParameter(std::string text) {
  Parameter parameter;
  parameter.optional = text.back() == '?';
  parameter.variadic = text.back() == '*';
  if (parameter.optional || parameter.variadic)
    text.pop_back();
  parameter.name = text;
  return parameter;
}

Attribute parseAttribute(std::istream &line) {
  Attribute attribute;
  std::string word;
  line >> attribute.name >> attribute.kind;
  if (line >> word) {
    if (word == "required") {
      attribute.required = true;
    } else if (word == "=" && line >> word) {
      attribute.defaultValue = attribute.kind == "string" ? quote(word)
                               : attribute.kind == "float"
                                   ? floatLiteral(std::stof(word))
                                   : word;
    } else {
      throw std::runtime_error(
          "expected 'required' or '= DEFAULT' after attribute " +
          attribute.name);
    }
  }
  return attribute;
}

std::vector<Operator> readContrib(const std::string &path) {
  std::ifstream in(path);
  if (!in)
    throw std::runtime_error("cannot read " + path);
  std::vector<Operator> operators;
  std::string text, keyword, word;
  for (int number = 1; std::getline(in, text); ++number) {
    std::istringstream line(text.substr(0, text.find('#')));
    if (!(line >> keyword))
      continue;
    if (keyword == "op") {
      operators.emplace_back();
      operators.back().domain = "com.microsoft";
      line >> operators.back().name;
    } else if (operators.empty()) {
      throw std::runtime_error(path + ":" + std::to_string(number) +
                               ": expected 'op'");
    } else if (keyword == "in" || keyword == "out") {
      auto &parameters = keyword == "in" ? operators.back().operands
                                         : operators.back().results;
      while (line >> word)
        parameters.push_back(parseParameter(word));
    } else if (keyword == "attr") {
      operators.back().attributes.push_back(parseAttribute(line));
    } else {
      throw std::runtime_error(path + ":" + std::to_string(number) +
                               ": unknown keyword " + keyword);
    }
  }
  return operators;
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

std::string attributeConstraint(const Attribute &attribute) {
  static const std::map<std::string, std::string> constraints = {
      {"int", "SI64Attr"},        {"float", "F32Attr"},
      {"string", "StrAttr"},      {"ints", "I64ArrayAttr"},
      {"floats", "F32ArrayAttr"}, {"strings", "StrArrayAttr"},
      {"tensor", "ElementsAttr"}, {"type", "TypeAttr"}};
  auto found = constraints.find(attribute.kind);
  if (found == constraints.end())
    throw std::runtime_error("attribute " + attribute.name + ": unknown kind " +
                             attribute.kind);
  const std::string &constraint = found->second;
  if (attribute.required)
    return constraint;
  if (attribute.defaultValue.empty())
    return "OptionalAttr<" + constraint + ">";
  if (attribute.kind == "string")
    return "DefaultValuedStrAttr<StrAttr, " + attribute.defaultValue + ">";
  std::string value = attribute.defaultValue;
  if (attribute.kind == "float")
    value = "::llvm::APFloat(" + value + ")";
  return "DefaultValuedAttr<" + constraint + ", \"" + value + "\">";
}

std::string parameterConstraint(const Parameter &parameter) {
  return parameter.variadic   ? "Variadic<AnyTensor>"
         : parameter.optional ? "Onnx_OptionalTensor"
                              : "AnyTensor";
}

// Operands, attributes and results share one C++ class: a result named as an
// operand is gets the suffix _out.
void writeDefinition(std::ostream &out, const Operator &op) {
  std::set<std::string> taken;
  std::string separator;
  out << "def Onnx_" << op.className() << " : Onnx_SchemaOp<\"" << op.mlirName()
      << "\", "
      << std::count_if(op.operands.begin(), op.operands.end(),
                       [](const Parameter &p) { return !p.variadic; })
      << ", "
      << std::count_if(op.results.begin(), op.results.end(),
                       [](const Parameter &p) { return !p.variadic; })
      << "> {\n"
      << "  let summary = \"" << op.mlirName() << "-" << op.sinceVersion
      << "\";\n"
      << "  let arguments = (ins";
  for (const Parameter &parameter : op.operands) {
    out << separator << "\n    " << parameterConstraint(parameter) << ":$"
        << parameter.name;
    taken.insert(parameter.name);
    separator = ",";
  }
  for (const Attribute &attribute : op.attributes) {
    if (!taken.insert(attribute.name).second)
      throw std::runtime_error(
          op.name + ": attribute and operand are both named " + attribute.name);
    out << separator << "\n    " << attributeConstraint(attribute) << ":$"
        << attribute.name;
    separator = ",";
  }
  out << ");\n  let results = (outs";
  separator = "";
  for (const Parameter &parameter : op.results) {
    std::string name = parameter.name;
    if (!taken.insert(name).second)
      name += "_out";
    out << separator << "\n    " << parameterConstraint(parameter) << ":$"
        << name;
    separator = ",";
  }
  out << ");\n}\n\n";
}

void writeParameters(std::ostream &out,
                     const std::vector<Parameter> &parameters) {
  out << "{";
  for (const Parameter &parameter : parameters)
    out << "{" << quote(parameter.name) << ", " << parameter.optional << ", "
        << parameter.variadic << "}, ";
  out << "}";
}

void writeTableEntry(std::ostream &out, const Operator &op) {
  out << "{" << quote(op.domain) << ", " << quote(op.name) << ", "
      << quote("onnx." + op.mlirName()) << ", " << op.sinceVersion << ",\n  ";
  writeParameters(out, op.operands);
  out << ",\n  ";
  writeParameters(out, op.results);
  out << ",\n  {";
  for (const Attribute &attribute : op.attributes) {
    std::string kind = attribute.kind;
    kind[0] = static_cast<char>(std::toupper(kind[0]));
    out << "{" << quote(attribute.name) << ", AttrKind::" << kind << ", "
        << attribute.required << "}, ";
  }
  out << "}},\n";
}

int run(const std::string &contrib, const std::string &tdPath,
        const std::string &tablePath) {
  std::vector<Operator> operators = readRegistry();
  for (Operator &op : readContrib(contrib))
    operators.push_back(std::move(op));
  std::ofstream td(tdPath), table(tablePath);
  td << "// Generated by onnx-schema-to-td.\ninclude "
        "\"dialects/Onnx/OnnxBase.td\"\n"
        "include \"dialects/Onnx/OnnxExtra.td\"\n\n";
  table << "// Generated by onnx-schema-to-td.\n#ifdef GET_NEWEST_OPSET\n"
        << newestOpset() << "\n#else\n";
  for (const Operator &op : operators) {
    writeDefinition(td, op);
    writeTableEntry(table, op);
  }
  table << "#endif\n";
  td.close();
  table.close();
  if (!td || !table)
    throw std::runtime_error("cannot write " + tdPath + " or " + tablePath);
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    std::cerr << "usage: onnx-schema-to-td CONTRIB.txt OUT.td OUT_TABLE.inc\n";
    return 1;
  }
  try {
    return run(argv[1], argv[2], argv[3]);
  } catch (const std::exception &error) {
    std::cerr << "onnx-schema-to-td: " << error.what() << "\n";
    return 1;
  }
}
