// Linear blend skinning; bones are rows of (3, 4) matrices.
#ifdef SKINNED
in uvec4 in_bones;
in vec4 in_weights;
layout(std430, binding = 1) readonly buffer Bones { vec4 bone_rows[]; };

mat3x4 blended(uint first) {
    mat3x4 sum = mat3x4(0.0);
    for (int k = 0; k < 4; ++k) {
        uint row = 3u * (first + in_bones[k]);
        sum += in_weights[k] * mat3x4(bone_rows[row], bone_rows[row + 1u], bone_rows[row + 2u]);
    }
    return sum;
}
#endif
