// Shows the document that the page names, in Swagger UI.
const page = document.getElementById("page");
SwaggerUIBundle({ url: page.dataset.document, domNode: page, deepLinking: true, validatorUrl: null });
