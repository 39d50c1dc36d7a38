package main

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
)

// shout is a function: it has no speaker, since functions are called before anything is configured.
type shout struct{}

func (shout) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "shout"
}

func (shout) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Parameters:        []function.Parameter{function.StringParameter{Name: "text"}},
		VariadicParameter: function.Int64Parameter{Name: "louder"},
		Return:            function.StringReturn{},
	}
}

func (shout) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	var louder []int64
	if resp.Error = req.Arguments.Get(ctx, &text, &louder); resp.Error != nil {
		return
	}
	if text == "" {
		resp.Error = function.NewArgumentFuncError(0, "there is nothing to shout")
		return
	}
	text = strings.ToUpper(text)
	for _, times := range louder {
		text += strings.Repeat("!", int(times))
	}
	resp.Error = resp.Result.Set(ctx, text)
}
