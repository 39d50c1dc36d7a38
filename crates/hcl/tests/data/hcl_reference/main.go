// Says what the HCL library itself makes of texts: whether they are valid, and the values of their attributes.
//
//	cd tests/data/hcl_reference && go run . < ../bodies.json > bodies.new && mv bodies.new ../bodies.json
//	cd tests/data/hcl_reference && go run . -json < ../json_bodies.json > bodies.new && mv bodies.new ../json_bodies.json
//
// With -json the texts are in HCL's JSON syntax; what their blocks are is said by `jsonSchema`.
//
// Reads and writes a list of objects with `text`; the rest is written anew. Values are JSON behind the name of
// their kind, null where evaluating is an error; the attributes of blocks have the block's type before their name.
package main

import (
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

type vector struct {
	Text   string             `json:"text"`
	Valid  bool               `json:"valid"`
	Values map[string]*string `json:"values,omitempty"`
}

func main() {
	context := &hcl.EvalContext{
		Variables: map[string]cty.Value{
			"x":   cty.StringVal("ex"),
			"n":   cty.NumberIntVal(3),
			"xs":  cty.TupleVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}),
			"m":   cty.ObjectVal(map[string]cty.Value{"k": cty.StringVal("v"), "j": cty.NumberIntVal(1)}),
			"t":   cty.True,
			"nil": cty.NullVal(cty.DynamicPseudoType),
		},
		Functions: map[string]function.Function{"upper": stdlib.UpperFunc, "max": stdlib.MaxFunc},
	}
	inJSON := len(os.Args) > 1 && os.Args[1] == "-json"
	var vectors []vector
	if err := json.NewDecoder(os.Stdin).Decode(&vectors); err != nil {
		log.Fatal(err)
	}
	for index := range vectors {
		if inJSON {
			vectors[index].read(context)
			continue
		}
		file, diagnostics := hclsyntax.ParseConfig([]byte(vectors[index].Text), "text.hcl", hcl.InitialPos)
		vectors[index].Valid = !diagnostics.HasErrors()
		vectors[index].Values = map[string]*string{}
		if vectors[index].Valid {
			collect(file.Body.(*hclsyntax.Body), "", context, vectors[index].Values)
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(vectors); err != nil {
		log.Fatal(err)
	}
}

func collect(body *hclsyntax.Body, prefix string, context *hcl.EvalContext, values map[string]*string) {
	for name, attribute := range body.Attributes {
		values[prefix+name] = nil
		values[prefix+name] = show(attribute.Expr, context)
	}
	for _, block := range body.Blocks {
		inner := prefix + strings.Join(append([]string{block.Type}, block.Labels...), " ") + "."
		collect(block.Body, inner, context, values)
	}
}

func show(expression hcl.Expression, context *hcl.EvalContext) *string {
	value, diagnostics := expression.Value(context)
	if diagnostics.HasErrors() || !value.IsWhollyKnown() {
		return nil
	}
	text, err := ctyjson.Marshal(value, value.Type())
	if err != nil {
		return nil
	}
	kind := strings.Fields(value.Type().FriendlyName())[0]
	if value.IsNull() {
		kind = "null"
	}
	shown := kind + " " + string(text)
	return &shown
}

// jsonSchema says of every body which names are blocks: `b` has no label, `l` one, `ll` two.
var jsonSchema = &hcl.BodySchema{
	Attributes: []hcl.AttributeSchema{{Name: "a"}, {Name: "c"}, {Name: "d"}, {Name: "e"}},
	Blocks: []hcl.BlockHeaderSchema{
		{Type: "b"},
		{Type: "l", LabelNames: []string{"name"}},
		{Type: "ll", LabelNames: []string{"first", "second"}},
	},
}

// read takes the text in the JSON syntax. An error in the value of an attribute is no error of the body.
func (v *vector) read(context *hcl.EvalContext) {
	v.Values = map[string]*string{}
	file, diagnostics := hcljson.Parse([]byte(v.Text), "text.json")
	if v.Valid = !diagnostics.HasErrors(); v.Valid {
		v.Valid = !collectJSON(file.Body, "", context, v.Values).HasErrors()
	}
	if !v.Valid {
		v.Values = nil
	}
}

func collectJSON(body hcl.Body, prefix string, context *hcl.EvalContext, values map[string]*string) hcl.Diagnostics {
	content, diagnostics := body.Content(jsonSchema)
	if diagnostics.HasErrors() {
		return diagnostics
	}
	for name, attribute := range content.Attributes {
		values[prefix+name] = show(attribute.Expr, context)
	}
	for _, block := range content.Blocks {
		inner := prefix + strings.Join(append([]string{block.Type}, block.Labels...), " ") + "."
		diagnostics = append(diagnostics, collectJSON(block.Body, inner, context, values)...)
	}
	return diagnostics
}
