// Rows of renderers.geometry.MATERIAL.
struct Material {
    vec3 base;
    float roughness;
    float metallic;
    float clear_coat;
    float opacity;
    float alpha_cutoff;
    vec3 emission;
    float paint;
    uint lamp;
    int layer;
    uvec2 pad;
};
layout(std430, binding = 0) readonly buffer Materials { Material materials[]; };

// Polynomial fit of IEC 61966-2-1's curve, off by less than 0.003 (Chilliant 2012).
vec3 linear_from_srgb(vec3 c) { return c * (c * (c * 0.305306011 + 0.682171111) + 0.012522878); }
