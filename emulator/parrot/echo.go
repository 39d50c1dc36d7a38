package main

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// echo is a data source; it may take its time, so that there is something to break off.
type echo struct{ speaker *speaker }

type echoModel struct {
	Text    types.String `tfsdk:"text"`
	Seconds types.Int64  `tfsdk:"seconds"`
	Said    types.String `tfsdk:"said"`
}

func (*echo) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "parrot_echo"
}

func (*echo) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"text":    schema.StringAttribute{Required: true},
		"seconds": schema.Int64Attribute{Optional: true},
		"said":    schema.StringAttribute{Computed: true},
	}}
}

func (e *echo) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	e.speaker = of(req.ProviderData)
}

func (e *echo) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var data echoModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &data)...)
	select {
	case <-time.After(time.Duration(data.Seconds.ValueInt64()) * time.Second):
	case <-ctx.Done():
		resp.Diagnostics.AddError("it was interrupted", ctx.Err().Error())
	}
	data.Said = types.StringValue(e.speaker.say(data.Text.ValueString()))
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}
