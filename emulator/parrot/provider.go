package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// parrot is the provider.
type parrot struct{}

// speaker is what a provider was configured to: all that is said is said by one.
type speaker struct {
	Region string `tfsdk:"region"`
	Voice  *voice `tfsdk:"voice"`
}

type voice struct {
	Pitch string   `tfsdk:"pitch"`
	Words []string `tfsdk:"words"`
}

// say names the speaker with what is said.
func (s *speaker) say(text string) string {
	if s == nil {
		return "nobody: " + text
	}
	if s.Voice == nil {
		return fmt.Sprintf("%s: %s", s.Region, text)
	}
	return fmt.Sprintf("%s, %s: %s", s.Region, s.Voice.Pitch, strings.Join(append([]string{text}, s.Voice.Words...), " "))
}

// of is the speaker that a provider hands to what it has; there is none until it is configured.
func of(data any) *speaker {
	found, _ := data.(*speaker)
	return found
}

func (*parrot) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "parrot"
}

func (*parrot) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"region": schema.StringAttribute{Required: true},
		"voice": schema.SingleNestedAttribute{Optional: true, Attributes: map[string]schema.Attribute{
			"pitch": schema.StringAttribute{Required: true},
			"words": schema.ListAttribute{Required: true, ElementType: types.StringType},
		}},
	}}
}

func (*parrot) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	configured := &speaker{}
	resp.Diagnostics.Append(req.Config.Get(ctx, configured)...)
	resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData = configured, configured, configured
}

func (*parrot) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &phrase{} }}
}

func (*parrot) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return &echo{} }}
}

func (*parrot) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{func() ephemeral.EphemeralResource { return &secret{} }}
}

func (*parrot) Functions(context.Context) []func() function.Function {
	return []func() function.Function{func() function.Function { return shout{} }}
}
