"use strict";
SwaggerUIBundle({
  url: "{% url 'api:schema' %}",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
