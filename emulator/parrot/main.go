// Command terraform-provider-parrot is a provider of protocol 6 that says back what it was told: each of its answers is made of
// the question and of the provider's configuration, so that one that went to another's process is seen.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

func main() {
	create := func() provider.Provider { return &parrot{} }
	options := providerserver.ServeOpts{Address: "registry.terraform.io/slipway/parrot", ProtocolVersion: 6}
	if err := providerserver.Serve(context.Background(), create, options); err != nil {
		log.Fatal(err)
	}
}
