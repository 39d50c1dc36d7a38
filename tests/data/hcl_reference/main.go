// Says what the HCL library itself makes of texts: whether they are valid, and the values of their attributes.
//
//	cd tests/data/hcl_reference && go run . < ../bodies.json > bodies.new && mv bodies.new ../bodies.json
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
	var vectors []vector
	if err := json.NewDecoder(os.Stdin).Decode(&vectors); err != nil {
		log.Fatal(err)
	}
	for index := range vectors {
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
		value, diagnostics := attribute.Expr.Value(context)
		if diagnostics.HasErrors() || !value.IsWhollyKnown() {
			continue
		}
		text, err := ctyjson.Marshal(value, value.Type())
		if err != nil {
			continue
		}
		kind := strings.Fields(value.Type().FriendlyName())[0]
		if value.IsNull() {
			kind = "null"
		}
		shown := kind + " " + string(text)
		values[prefix+name] = &shown
	}
	for _, block := range body.Blocks {
		inner := prefix + strings.Join(append([]string{block.Type}, block.Labels...), " ") + "."
		collect(block.Body, inner, context, values)
	}
}
