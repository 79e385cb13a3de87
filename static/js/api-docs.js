// Starts Swagger UI on the API's documentation page. No validator: it would send our address to another host.
"use strict";

const page = document.getElementById("api-docs");
SwaggerUIBundle({
  url: page.dataset.openapi,
  domNode: page,
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
