package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// phrase is a resource that has something of all that a resource may have.
type phrase struct{ speaker *speaker }

type phraseModel struct {
	Kind    types.String  `tfsdk:"kind"`
	Text    types.String  `tfsdk:"text"`
	Tone    *toneModel    `tfsdk:"tone"`
	Verses  []verseModel  `tfsdk:"verses"`
	Notes   types.Dynamic `tfsdk:"notes"`
	Secret  types.String  `tfsdk:"secret"`
	ID      types.String  `tfsdk:"id"`
	Speaker types.String  `tfsdk:"speaker"`
	Said    types.String  `tfsdk:"said"`
	Heard   types.String  `tfsdk:"heard"`
	First   types.String  `tfsdk:"first"`
}

type toneModel struct {
	Loud  types.Bool  `tfsdk:"loud"`
	Times types.Int64 `tfsdk:"times"`
}

type verseModel struct {
	Line types.String `tfsdk:"line"`
	Said types.String `tfsdk:"said"`
}

func (*phrase) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "parrot_phrase"
}

func (*phrase) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	replaces := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	stays := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{Version: 1, Attributes: map[string]schema.Attribute{
		"kind": schema.StringAttribute{Required: true, PlanModifiers: replaces},
		"text": schema.StringAttribute{Required: true},
		"tone": schema.SingleNestedAttribute{Optional: true, Attributes: map[string]schema.Attribute{
			"loud":  schema.BoolAttribute{Optional: true},
			"times": schema.Int64Attribute{Required: true},
		}},
		"verses": schema.ListNestedAttribute{Optional: true, NestedObject: schema.NestedAttributeObject{
			Attributes: map[string]schema.Attribute{
				"line": schema.StringAttribute{Required: true},
				"said": schema.StringAttribute{Computed: true},
			},
		}},
		"notes":  schema.DynamicAttribute{Optional: true},
		"secret": schema.StringAttribute{Optional: true, WriteOnly: true},
		"id":     schema.StringAttribute{Computed: true, PlanModifiers: stays},
		// Who says it, as it is known when it is planned.
		"speaker": schema.StringAttribute{Computed: true},
		"said":    schema.StringAttribute{Computed: true},
		// What it was told in secret, without the secret.
		"heard": schema.StringAttribute{Computed: true},
		// Who was the first to say it, as private state has it.
		"first": schema.StringAttribute{Computed: true, PlanModifiers: stays},
	}}
}

func (*phrase) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{RequiredForImport: true},
	}}
}

func (p *phrase) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	p.speaker = of(req.ProviderData)
}

// private is what is kept beside the state.
type private interface {
	GetKey(context.Context, string) ([]byte, diag.Diagnostics)
	SetKey(context.Context, string, []byte) diag.Diagnostics
}

// note keeps who was the first.
func note(ctx context.Context, private private, first string) diag.Diagnostics {
	text, err := json.Marshal(first)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("it cannot be noted who was first", err.Error())}
	}
	return private.SetKey(ctx, "first", text)
}

func noted(ctx context.Context, private private) (types.String, diag.Diagnostics) {
	text, diagnostics := private.GetKey(ctx, "first")
	var first string
	if err := json.Unmarshal(text, &first); err != nil {
		diagnostics.AddError("nobody has noted who was first", err.Error())
	}
	return types.StringValue(first), diagnostics
}

func (p *phrase) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("speaker"), p.speaker.say("it is me"))...)
}

// speak fills in what is known once it is said; `told` is the configuration, in which alone secrets are.
func (p *phrase) speak(data, told *phraseModel) {
	text := data.Text.ValueString()
	if data.Tone != nil {
		text = strings.Repeat(text, int(data.Tone.Times.ValueInt64()))
		if data.Tone.Loud.ValueBool() {
			text = strings.ToUpper(text)
		}
	}
	for place := range data.Verses {
		verse := &data.Verses[place]
		verse.Said = types.StringValue(p.speaker.say(verse.Line.ValueString()))
	}
	data.Said = types.StringValue(p.speaker.say(text))
	data.Heard = types.StringValue("nothing")
	if told != nil && !told.Secret.IsNull() {
		data.Heard = types.StringValue(fmt.Sprintf("%x", sha256.Sum256([]byte(told.Secret.ValueString()))))
	}
	data.Secret = types.StringNull()
}

func (p *phrase) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var data, told phraseModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &data)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &told)...)
	p.speak(&data, &told)
	data.ID = types.StringValue(data.Kind.ValueString() + ":" + data.Text.ValueString())
	data.First = types.StringValue(p.speaker.say("created"))
	resp.Diagnostics.Append(note(ctx, resp.Private, data.First.ValueString())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), data.ID)...)
}

func (p *phrase) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var data phraseModel
	resp.Diagnostics.Append(req.State.Get(ctx, &data)...)
	first, diagnostics := noted(ctx, req.Private)
	resp.Diagnostics.Append(diagnostics...)
	data.First = first
	if data.Said.IsNull() {
		p.speak(&data, nil)
	}
	data.Speaker = types.StringValue(p.speaker.say("it is me"))
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), data.ID)...)
}

func (p *phrase) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var data, told phraseModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &data)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &told)...)
	p.speak(&data, &told)
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
	// Terraform has had none before 1.12.
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("id"), data.ID)...)
}

func (*phrase) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// ImportState takes what an identifier says: the kind and the text, with a colon between them.
func (*phrase) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	kind, text, found := strings.Cut(req.ID, ":")
	if !found {
		resp.Diagnostics.AddError("no such phrase", fmt.Sprintf("%q is not KIND:TEXT", req.ID))
		return
	}
	for name, value := range map[string]string{"id": req.ID, "kind": kind, "text": text} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(note(ctx, resp.Private, "imported")...)
}
