package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// secret is an ephemeral resource: whoever opened one has to close it.
type secret struct{ speaker *speaker }

type secretModel struct {
	Text  types.String `tfsdk:"text"`
	Value types.String `tfsdk:"value"`
}

func (*secret) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = "parrot_secret"
}

func (*secret) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"text":  schema.StringAttribute{Required: true},
		"value": schema.StringAttribute{Computed: true},
	}}
}

func (s *secret) Configure(_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse) {
	s.speaker = of(req.ProviderData)
}

func (s *secret) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var data secretModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &data)...)
	data.Value = types.StringValue("secretly " + s.speaker.say(data.Text.ValueString()))
	resp.Diagnostics.Append(resp.Result.Set(ctx, &data)...)
	opener, err := json.Marshal(s.speaker.say("open"))
	if err != nil {
		resp.Diagnostics.AddError("it cannot be noted who opens it", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, "opener", opener)...)
}

func (s *secret) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	noted, diagnostics := req.Private.GetKey(ctx, "opener")
	resp.Diagnostics.Append(diagnostics...)
	var opener string
	if err := json.Unmarshal(noted, &opener); err != nil || opener != s.speaker.say("open") {
		resp.Diagnostics.AddError("another one has opened it", fmt.Sprintf("%q, and not %q", noted, s.speaker.say("open")))
	}
}
